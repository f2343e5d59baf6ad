// SPDX-License-Identifier: GPL-2.0-only
// Everything is on the page without this; it folds, and shows evidence where it is asked for.
(function () {
	"use strict";
	var dialog = document.getElementById("shown");
	var body = document.getElementById("shown-body");
	var opened = [];

	function unfold(element) {
		for (; element; element = element.parentElement)
			if (element.tagName === "DETAILS")
				element.open = true;
	}

	function target() {
		return location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
	}

	function follow() {
		var element = target();

		if (!element)
			return;
		unfold(element);
		element.scrollIntoView();
	}

	function show(event) {
		var link = event.target.closest("a[href^='#cell-']");
		var cell = link && document.getElementById(link.getAttribute("href").slice(1));
		var about, copy;

		if (!cell || !dialog.showModal || event.ctrlKey || event.metaKey)
			return;
		event.preventDefault();
		about = cell.closest("details");
		body.textContent = "";
		[about.querySelector("summary"), about.querySelector(".experiment")].forEach(function (part) {
			var paragraph = document.createElement("p");

			paragraph.textContent = part.textContent;
			body.appendChild(paragraph);
		});
		copy = cell.cloneNode(true);
		copy.removeAttribute("id");
		body.appendChild(copy);
		dialog.showModal();
	}

	function provide(link) {
		var data = document.getElementById(link.dataset.of).textContent;

		link.addEventListener("click", function () {
			link.href = URL.createObjectURL(new Blob([data], { type: "application/json" }));
		});
	}

	document.querySelectorAll("details.evidence").forEach(function (details) {
		details.open = false;
	});
	document.addEventListener("click", show);
	dialog.addEventListener("click", function (event) {
		if (event.target === dialog)
			dialog.close();
	});
	document.querySelectorAll("a.download").forEach(provide);
	window.addEventListener("hashchange", follow);
	window.addEventListener("beforeprint", function () {
		opened = Array.prototype.filter.call(document.querySelectorAll("details.data, details.words"),
			function (details) { return !details.open; });
		opened.forEach(function (details) { details.open = true; });
	});
	window.addEventListener("afterprint", function () {
		opened.forEach(function (details) { details.open = false; });
	});
	follow();
}());
