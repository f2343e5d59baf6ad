#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The page that 'kmqcompare report --html' writes, of small made-up results: all of them are on it, nothing of them
# becomes markup, it needs nothing else, and it says what is missing. Needs .build/bin/kmqcompare (make), or B=DIRECTORY,
# python3, and gnuplot for the claim about plots.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-.build}
kmqcompare=$(realpath "$B/bin/kmqcompare")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# sample: writes timed.json, counted.json, probe.json and hostile.json, which differs from timed.json in its strings.
sample() {
	python3 - "$work" <<'PYTHON'
import json, sys

HOSTILE = "</script><b onclick=\"x\">'&\u00b5`id`$(id)"
mechanisms = [("harness", "nothing"), ("null", "nothing"), ("kmq", "sleeps"), ("kmq-batch", "sleeps"),
              ("sysv-msg", "sleeps"), ("signal", "sleeps"), ("pipe", "sleeps"), ("tcp", "sleeps"), ("sysv-shm", "sleeps"),
              ("shm-futex", "sleeps"), ("shm-spin", "spins"), ("file-lock", "spins"), ("carrier-pigeon", "sleeps")]
workloads = {"pair": {"size": [8, 64, 4096]}, "batch": {}, "oneway": {"size": [8, 64, 4096], "capacity": [1, 256]},
             "oneway-1cpu": {}, "oneway-batch": {"batch": [1, 8, 256]}, "fan": {"senders": [2, 4]},
             "open-loop": {"load": [10, 50, 80]}, "pingpong": {"size": [8, 64, 4096]}, "pingpong-2cpu": {},
             "select-any": {}, "select": {}, "one-of-my-own": {}}

def points(axes):
    base = {"size": 64, "capacity": 64, "batch": 1, "senders": 1, "receivers": 1, "load": 50 if "load" in axes else None}
    yield dict(base, at_base=True)
    for axis, values in axes.items():
        for value in values:
            if value != base[axis]:
                yield dict(base, at_base=False, **{axis: value}) if axis not in base else {**base, axis: value, "at_base": False}

def run(counting, title):
    results, seed = [], 100
    for workload, axes in workloads.items():
        for name, waits in mechanisms:
            for point in points(axes):
                result = dict(point, workload=workload, mechanism=name, title=title(name))
                results.append(result)
                if name == "signal" and point["size"] > 8:
                    result.update(status="unfit", reason="carry 8 bytes " + title("why"))
                    continue
                if name == "tcp" and workload == "fan":
                    result.update(status="failed", reason="message 7 came twice " + title("why"))
                    continue
                seed += 37
                figure = seed + 0.25
                result.update(status="ok", held=10 if name == "pipe" else point["capacity"], harness=12.5,
                    figure={"median": figure, "min": figure - 1, "max": figure + 1},
                    ratio={"to": "sysv-msg", "median": figure / 1000, "low": figure / 1000 - 0.01,
                           "high": figure / 1000 + 0.01, "verdict": "same"},
                    cost={"cpu_ns": seed + 1000, "user_ns": seed + 300, "system_ns": seed + 700, "switches": seed / 1000,
                          "involuntary_switches": 0.002, "syscalls": 2.5, "copied_bytes": seed + 2000,
                          "instructions": seed + 3000 if counting else None},
                    repetitions=[{"verified_messages": 1000}])
                if not counting and workload in ("open-loop", "pingpong", "pingpong-2cpu"):
                    result["latency"] = {"of": "message", "count": 20000, "min": seed, "mean": seed + 2.0, "p50": seed + 1000,
                        "p90": seed + 2000, "p99": seed + 3000, "p999": seed + 4000, "p9999": None, "max": seed + 5000,
                        "percentiles": [[0, seed, 1], [50, seed + 1000, 10000], [90, seed + 2000, 18000],
                                        [99, seed + 3000, 19800], [99.9, seed + 4000, 19980], [100, seed + 5000, 20000]]}
    return {"schema": "kmqcompare-bench/2",
            "machine": {"kernel": title("6.1"), "processor": title("QEMU"), "processors": 1 if counting else 2, "emulated": True,
                        "counting": counting, "kmq": "loaded"},
            "options": {"relative_to": "sysv-msg", "depth": 1000}, "interrupted": False,
            "mechanisms": [{"name": n, "title": title(n), "about": title("about " + n), "waits": w, "is_kmq": n.startswith("kmq")}
                           for n, w in mechanisms],
            "workloads": [{"name": w, "title": title("work " + w), "unit": "message", "base": None} for w in workloads],
            "results": results}

def probe(title):
    claims = [("boundaries", "messages"), ("lost-update", "locks"), ("holder-dies", "deaths"), ("capacity", "messages")]
    answers = ["yes", "no", "partly", "none"]
    cells = [{"claim": c, "mechanism": m, "verdict": answers[(i + j) % 4], "answer": title(f"answer {c} {m}"), "good": "good",
              "reason": title("reason"), "evidence": [title(f"A: {c} of {m}"), title("B: saw it")], "expected": "yes",
              "source": "pipe(7)", "agrees": (i + j) % 4 == 0, "elapsed_ms": 1.5}
             for i, (c, g) in enumerate(claims) for j, (m, w) in enumerate(mechanisms[2:])]
    return {"schema": "kmqcompare-probe/1", "machine": {"kernel": "6.1", "processor": "QEMU", "processors": 2, "user": "root"},
            "mechanisms": [{"name": n, "title": title(n), "about": title(n), "status": "ok"} for n, w in mechanisms[2:]],
            "claims": [{"name": c, "group": g, "question": title(f"Does {c} hold?"), "experiment": title(f"how {c} is tried"),
                        "textbook": title(f"saying of {c}"), "finding": title(f"finding of {c}"), "contradicted": c == "boundaries"}
                       for c, g in claims], "cells": cells, "agree": 1, "differ": 2, "not_run": 3}

plain = lambda text: text
hostile = lambda text: text + HOSTILE
for name, content in (("timed", run(False, plain)), ("counted", run(True, plain)), ("probe", probe(plain)),
                      ("hostile", run(False, hostile)), ("hostile-probe", probe(hostile))):
    json.dump(content, open(f"{sys.argv[1]}/{name}.json", "w"))
PYTHON
}

# page NAME FILE...: the page of these files, as NAME.html.
page() {
	local name=$1 file files=()
	shift
	for file; do files+=("$work/$file.json"); done
	"$kmqcompare" report --html "$work/$name.html" "${files[@]}"
}

# look PROGRAM ARGUMENT...: a Python program that has the page of the first argument as `page`, its elements parsed.
look() {
	local program=$1
	shift
	python3 - "$work" "$program" "$@" <<'PYTHON'
import html.parser, json, sys

VOID = {"meta", "br", "i-never", "link", "img", "input", "hr"}

class Page(html.parser.HTMLParser):
    """Elements as (tag, attributes, text, depth of table); complains where they do not nest."""
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.source, self.open, self.elements, self.tables, self.scripts = text, [], [], [], {}
        self.text = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"
    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if tag == "table":
            self.tables.append([])
        if tag == "tr" and self.tables:
            self.tables[-1].append([])
        if tag in ("td", "th") and self.tables:
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append((tag, attributes))
    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> at {self.getpos()} where {self.open[-1:]} is open"
        self.open.pop()
    def handle_data(self, data):
        if self.open and self.open[-1][0] in ("script", "style"):
            self.scripts[self.open[-1][1].get("id", self.open[-1][0])] = data
            return
        self.text.append(data)
        if any(tag in ("td", "th") for tag, a in self.open):
            self.tables[-1][-1][-1] += data

work, program, name = sys.argv[1], sys.argv[2], sys.argv[3]
page = Page(open(f"{work}/{name}.html", encoding="utf-8").read())
text = "".join(page.text)
read = lambda file: json.load(open(f"{work}/{file}.json"))
cells = {cell.strip() for table in page.tables for row in table for cell in row}
exec(program)
PYTHON
}

every_figure_is_on_the_page() {
	look '
def digits(value):
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"
for file, counting in (("timed", False), ("counted", True)):
    for result in read(file)["results"]:
        if result["status"] != "ok":
            assert result["reason"] in text, result
            continue
        ratio, cost = result["ratio"], result["cost"]
        wanted = [digits(result["figure"]["median"]), "%.3f" % ratio["median"], "%.3f–%.3f" % (ratio["low"], ratio["high"]),
                  digits(cost["copied_bytes"]), "%.3f" % cost["switches"]]
        wanted += [digits(cost[key]) for key in (("instructions",) if counting else ("cpu_ns", "user_ns", "system_ns"))]
        wanted += [digits(v) for k, v in result.get("latency", {}).items() if k in ("p50", "p90", "p99", "p999", "max")]
        for number in wanted:
            assert number in cells, (number, result)' full
}

every_cell_of_the_probe_is_on_the_page_with_its_evidence() {
	look '
targets = {a["id"] for t, a in page.elements if "id" in a}
for claim in read("probe")["claims"]:
    for key in ("question", "experiment", "textbook", "finding"):
        assert claim[key] in text, claim
for cell in read("probe")["cells"]:
    for words in cell["evidence"] + [cell["answer"]]:
        assert words in text, cell
    assert "cell-%s--%s" % (cell["claim"], cell["mechanism"]) in targets, cell
assert sum("differs" in a.get("class", "").split() for t, a in page.elements) == \
       sum(not c["agrees"] for c in read("probe")["cells"])' full
}

the_data_is_in_the_page_as_it_was() {
	look '
for i, file in enumerate(("timed", "counted", "probe")):
    assert json.loads(page.scripts[f"raw-{i}"]) == read(file), file' full
}

every_link_has_its_target_and_every_name_is_used_once() {
	look '
names = [a["id"] for t, a in page.elements if "id" in a]
assert len(names) == len(set(names)), [n for n in names if names.count(n) > 1][:5]
for tag, attributes in page.elements:
    link = attributes.get("href", "")
    assert not link.startswith("#") or link[1:] in names, link' full
}

nothing_is_loaded_from_elsewhere() {
	look '
assert "http://" not in page.source and "https://" not in page.source
for tag, attributes in page.elements:
    assert tag not in ("link", "img", "iframe", "object", "embed", "base"), tag
    assert "src" not in attributes, attributes
    assert attributes.get("href", "#").startswith("#"), attributes
assert "url(" not in page.source and "@import" not in page.source' full
}

sleeping_and_spinning_never_share_a_table() {
	look '
spinning = {m["title"] for m in read("timed")["mechanisms"] if m["waits"] == "spins"}
sleeping = {m["title"] for m in read("timed")["mechanisms"] if m["waits"] == "sleeps"}
seen = 0
for table in page.tables:
    if not any("per message" in cell or "ns a message" in cell for cell in table[0]):
        continue
    rows = {row[0].strip() for row in table[1:] if row}
    assert not (rows & spinning and rows & sleeping), table[0]
    seen += bool(rows & spinning)
assert seen > 3' full
}

plots_are_drawn_for_each_family_in_the_page_s_colours() {
	look '
drawings = [a for t, a in page.elements if t == "svg"]
assert len(drawings) > 40, len(drawings)
assert all(d.get("role") == "img" and len(d.get("aria-label", "")) > 20 for d in drawings)
assert "rgb(" not in page.source.split("</style>")[1].split("<script")[0]
assert "Not drawn" not in text
for drawing in drawings:
    label = drawing["aria-label"]
    assert not ("shm-spin" in label and "shm-futex" in label), label' full
}

strings_of_the_files_never_become_markup() {
	page hostile hostile hostile-probe && look '
hostile = "</script><b onclick=\"x\">\x27&\u00b5`id`$(id)"
assert hostile in text
assert not any("onclick" in a for t, a in page.elements)
assert json.loads(page.scripts["raw-0"]) == read("hostile")
assert sum(t == "svg" for t, a in page.elements) > 20
assert "uid=" not in page.source' hostile
}

without_gnuplot_all_numbers_are_there_and_the_page_says_so() {
	local said
	said=$(PATH=$work/nothing "$kmqcompare" report --html "$work/plain.html" "$work"/{timed,counted,probe}.json 2>&1) || return
	[[ $said == *gnuplot* ]] || return
	look '
assert "Not drawn: gnuplot was not there" in text
assert not any(t == "svg" for t, a in page.elements)
for result in read("timed")["results"]:
    if result["status"] == "ok":
        value = result["figure"]["median"]
        assert f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}" in cells, result
data = [a for t, a in page.elements if t == "details" and a.get("class") == "data"]
assert len(data) > 10 and all("open" in a for a in data)' plain
}

whatever_is_missing_the_page_says_so_and_how_to_get_it() {
	local name
	page only-timed timed && page only-counted counted && page only-probe probe && page two timed probe || return
	for name in only-timed only-counted only-probe two; do
		look '
assert "nan" not in text.split("Data")[0].split(), name
assert "Not among the files" in text
assert sum(t == "ol" for t, a in page.elements) == 1
for table in page.tables:
    assert len(table) > 1, table' "$name" || return
	done
	look 'assert "kmqcompare bench" in text and "kmqcompare probe" not in text.split("Data")[0]' only-probe
	look 'assert "kmqcompare probe --json FILE" in text' only-timed
}

the_same_five_sentences_are_on_the_terminal() {
	"$kmqcompare" report "$work"/{timed,counted,probe}.json >"$work/terminal.txt" || return
	look '
terminal = " ".join(open(f"{work}/terminal.txt").read().split())
sentences = page.source.split("<ol class=\"sentences\">")[1].split("</ol>")[0].split("<li>")[1:]
assert len(sentences) == 5
import html, re
for sentence in sentences:
    words = html.unescape(re.search("</h2><p>(.*?)</p>", sentence, re.S).group(1))
    assert " ".join(words.split()) in terminal, words' full
}

the_terminal_has_a_line_for_each_mechanism_and_claim() {
	local name
	for name in sysv-msg pipe shm-spin carrier-pigeon; do
		grep -q "^$name " "$work/terminal.txt" || return
	done
	grep -Eq '^  holder-dies +p!.*Does holder-dies hold\?$' "$work/terminal.txt"
}

a_page_that_cannot_be_written_is_an_error() {
	"$kmqcompare" report --html "$work/no/where.html" "$work/timed.json" 2>"$work/said"
	[[ $? == 1 ]] && grep -q 'where.html: No such file' "$work/said"
}

a_file_that_is_none_of_ours_is_an_error() {
	echo '{"schema": "another/1"}' >"$work/other.json"
	"$kmqcompare" report "$work/other.json" 2>"$work/said"
	[[ $? == 1 ]] && grep -q 'other.json is no result' "$work/said"
}

sample && page full timed counted probe || exit 1

for claim in $(compgen -A function | grep _ | grep -v '^_'); do
	if [[ $claim == plots_* ]] && ! command -v gnuplot >/dev/null; then
		failed=$((failed + 1))
		echo "FAIL: ${claim//_/ }: gnuplot is not installed"
		continue
	fi
	if "$claim" >"$work/output" 2>&1; then
		passed=$((passed + 1))
		echo "PASS: ${claim//_/ }"
	else
		failed=$((failed + 1))
		echo "FAIL: ${claim//_/ }"
		sed 's/^/	/' "$work/output"
	fi
done

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
