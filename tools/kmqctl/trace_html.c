// SPDX-License-Identifier: GPL-2.0-only
/* The page around the picture: figures, and a script that zooms. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "trace_svg.h"
#include "trace_write.h"

static const char style[] =
	"body{font:14px system-ui,'DejaVu Sans',sans-serif;margin:0 0 24px;color:#222;background:#fff}"
	"header{padding:14px 16px 6px}h1{font-size:18px;margin:0 12px 0 0;display:inline}"
	"header p{color:#555;margin:6px 0}.lost{color:#b00;font-weight:600}"
	"table{border-collapse:collapse;margin:4px 16px 10px}td,th{padding:3px 12px;text-align:right}"
	"th{color:#666;font-weight:500;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}"
	"tbody tr{cursor:pointer}tbody tr:hover{background:#f3f5f7}tr.off{opacity:.35}"
	".key{display:inline-block;width:22px;height:3px;vertical-align:middle;margin-right:8px}"
	"nav{padding:0 16px 8px;color:#666}button{font:inherit;min-width:32px;margin-right:4px}"
	"#frame{overflow:hidden;border-top:1px solid #ddd;border-bottom:1px solid #ddd;cursor:grab;"
	"touch-action:pan-y}#frame.pulled{cursor:grabbing}svg{display:block;user-select:none}"
	"#tip{position:fixed;display:none;background:#222;color:#fff;padding:6px 9px;border-radius:4px;"
	"white-space:pre;font-size:12px;pointer-events:none;z-index:1}";

/*
 * from and to are the ns shown at the left and the right end. Everything with a
 * data-a is placed by them.
 */
static const char script[] =
	"const svg=document.getElementById('picture'),frame=document.getElementById('frame'),"
	"tip=document.getElementById('tip'),scale=document.getElementById('scale'),"
	"num=(e,k)=>Number(e.dataset[k]),gutter=num(svg,'gutter'),margin=num(svg,'margin'),"
	"reach=num(svg,'reach'),top_=num(svg,'top'),span=Math.max(num(svg,'span'),1),"
	"height=svg.height.baseVal.value,ns='http://www.w3.org/2000/svg';\n"
	"let width=0,from=0,to=span,hidden=new Set();\n"
	"const shapes=[...svg.querySelectorAll('[data-a]')].map(e=>{const t=e.querySelector('title');"
	"const s={e,a:num(e,'a'),b:e.dataset.b===undefined?num(e,'a'):num(e,'b'),y:num(e,'y'),z:num(e,'z'),"
	"tip:t?t.textContent:'',q:[...e.classList].find(c=>/^q\\d+$/.test(c))||''};"
	"if(t)t.remove();e.shape=s;return s});\n"
	"const x=t=>gutter+(t-from)/(to-from)*(width-gutter-margin);\n"
	"const path=(p,q,y,z)=>y===z?`M${p} ${y-reach}Q${(p+q)/2} ${y-42} ${q} ${y-reach}`:"
	"`M${p} ${y+(z>y?reach:-reach)}L${q} ${z+(z>y?-reach:reach)}`;\n"
	"function words(t,step){const u=['ns','us','ms','s'];let i=0,v=t;while(v>=999.5&&i<3){v/=1000;i++}"
	"return t?v.toFixed(Math.max(0,Math.ceil(3*i-Math.log10(step))))+u[i]:'0'}\n"
	"function ticks(){scale.replaceChildren();const want=(to-from)/Math.max(2,(width-gutter)/120);"
	"const power=10**Math.floor(Math.log10(Math.max(want,1)));"
	"const step=[1,2,5,10].map(n=>n*power).find(n=>n>=want)||want;"
	"for(let t=Math.ceil(Math.max(from,0)/step)*step;t<=to;t+=step){const l=document.createElementNS(ns,'line'),"
	"w=document.createElementNS(ns,'text'),p=x(t);l.setAttribute('class','grid');"
	"for(const[k,v]of[['x1',p],['x2',p],['y1',top_],['y2',height-8]])l.setAttribute(k,v);"
	"for(const[k,v]of[['x',p],['y',top_-6],['text-anchor','middle']])w.setAttribute(k,v);"
	"w.textContent=words(t,step);scale.append(l,w)}}\n"
	"function draw(){width=frame.clientWidth;svg.setAttribute('width',width);"
	"svg.setAttribute('viewBox',`0 0 ${width} ${height}`);"
	"svg.querySelectorAll('.band').forEach(e=>e.setAttribute('width',width-8));"
	"svg.querySelectorAll('.rail').forEach(e=>e.setAttribute('x2',width-margin));"
	"svg.querySelector('clipPath rect').setAttribute('width',width-gutter+4);"
	"for(const s of shapes){const out=s.b<from||s.a>to||hidden.has(s.q);s.e.style.display=out?'none':'';"
	"if(out)continue;const p=x(s.a),q=x(s.b);"
	"if(s.e.tagName==='rect'){s.e.setAttribute('x',p);s.e.setAttribute('width',Math.max(q-p,.5))}"
	"else if(s.e.dataset.z===undefined)s.e.setAttribute('transform',`translate(${p} ${s.y})`);"
	"else s.e.setAttribute('d',path(p,q,s.y,s.z))}ticks();"
	"const grain=Math.max(1,(to-from)/100);"
	"document.getElementById('shown').textContent=`${words(from,grain)} to ${words(to,grain)}`}\n"
	"let due=false;function redraw(){if(due)return;due=true;requestAnimationFrame(()=>{due=false;draw()})}\n"
	"function zoom(factor,px){const at=from+(px-gutter)/(width-gutter-margin)*(to-from);"
	"let w=(to-from)*factor;w=Math.min(Math.max(w,100),span);"
	"const share=(at-from)/(to-from);from=at-w*share;to=from+w;clamp();redraw()}\n"
	"function clamp(){const w=to-from;if(from<0){from=0;to=w}if(to>span){to=span;from=span-w}}\n"
	"function pan(share){const by=(to-from)*share;from+=by;to+=by;clamp();redraw()}\n"
	"frame.addEventListener('wheel',e=>{if(e.shiftKey||Math.abs(e.deltaX)>Math.abs(e.deltaY)){"
	"pan((e.deltaX||e.deltaY)/width)}else zoom(e.deltaY>0?1.25:.8,e.clientX-frame.getBoundingClientRect().left);"
	"e.preventDefault()},{passive:false});\n"
	"let pulled=null;frame.addEventListener('pointerdown',e=>{pulled=e.clientX;frame.classList.add('pulled')});\n"
	"addEventListener('pointermove',e=>{if(pulled===null)return;pan((pulled-e.clientX)/(width-gutter-margin));"
	"pulled=e.clientX});\n"
	"addEventListener('pointerup',()=>{pulled=null;frame.classList.remove('pulled')});\n"
	"frame.addEventListener('dblclick',()=>{from=0;to=span;redraw()});\n"
	"svg.addEventListener('mousemove',e=>{const s=e.target.shape;if(!s||!s.tip){tip.style.display='none';return}"
	"tip.textContent=s.tip;tip.style.display='block';"
	"tip.style.left=Math.min(e.clientX+14,innerWidth-tip.offsetWidth-8)+'px';"
	"tip.style.top=Math.min(e.clientY+14,innerHeight-tip.offsetHeight-8)+'px'});\n"
	"svg.addEventListener('mouseleave',()=>{tip.style.display='none'});\n"
	"addEventListener('keydown',e=>{const m=(gutter+width)/2;const k={'+':()=>zoom(.8,m),'=':()=>zoom(.8,m),"
	"'-':()=>zoom(1.25,m),ArrowLeft:()=>pan(-.2),ArrowRight:()=>pan(.2),'0':()=>{from=0;to=span;redraw()}}[e.key];"
	"if(k&&!e.ctrlKey&&!e.metaKey){k();e.preventDefault()}});\n"
	"document.querySelectorAll('[data-zoom]').forEach(b=>b.addEventListener('click',()=>{"
	"const z=Number(b.dataset.zoom);if(z)zoom(z,(gutter+width)/2);else{from=0;to=span;redraw()}}));\n"
	"document.querySelectorAll('tbody tr').forEach(r=>r.addEventListener('click',()=>{"
	"const q=r.dataset.q;hidden.has(q)?hidden.delete(q):hidden.add(q);r.classList.toggle('off');redraw()}));\n"
	"addEventListener('resize',redraw);draw();\n";

static void write_queue(FILE *file, const struct timeline *timeline, size_t index)
{
	const struct trace_queue *queue = &timeline->queues[index];

	fprintf(file, "<tr data-q=\"q%zu\"><td><span class=\"key\" style=\"background:%s\"></span>",
		index, svg_colours[index % SVG_COLOURS]);
	svg_put_text(file, timeline_queue(queue->id, queue->name));
	fprintf(file, "</td><td>%" PRIu64 "</td><td>%" PRIu64 "</td><td>%" PRIu64 "</td><td>%" PRIu64
		"</td><td>%" PRIu64 "</td>", queue->sent, queue->received, queue->dropped,
		queue->purged, queue->rejected);
	if (queue->wait_count)
		fprintf(file, "<td>%s</td><td>%s</td>", timeline_span(timeline_median(queue)),
			timeline_span(timeline_worst(queue)));
	else
		fputs("<td>-</td><td>-</td>", file);
	fprintf(file, "<td>%s</td></tr>\n", queue->blocked ? timeline_span(queue->blocked) : "-");
}

static void write_header(FILE *file, const struct timeline *timeline)
{
	fprintf(file, "<header><h1>kmqctl trace</h1>%zu events, %zu process%s, %s",
		timeline->event_count, timeline->lane_count, timeline->lane_count == 1 ? "" : "es",
		timeline_span(timeline->end - timeline->begin));
	if (timeline->lost)
		fprintf(file, " <span class=\"lost\">%" PRIu64 " events were lost</span>",
			timeline->lost);
	fputs("<p>A lane is a process, an arrow a message from its send to its receive, a box a sleep. "
	      "Point at one for more; click a queue to hide it.</p></header>\n", file);
}

void trace_write_html(FILE *file, const struct timeline *timeline)
{
	int *rows = memory_get(timeline->thread_count * sizeof(*rows));

	fprintf(file, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width\"><title>kmqctl trace</title>"
		"<style>%s</style></head><body>\n", style);
	write_header(file, timeline);
	fputs("<table><thead><tr><th>queue</th><th>sent</th><th>received</th><th>dropped</th>"
	      "<th>purged</th><th>refused</th><th>median in queue</th><th>longest</th>"
	      "<th>slept</th></tr></thead><tbody>\n", file);
	for (size_t i = 0; i < timeline->queue_count; i++)
		write_queue(file, timeline, i);
	fputs("</tbody></table>\n<nav><button data-zoom=\"0.5\">+</button>"
	      "<button data-zoom=\"2\">&minus;</button><button data-zoom=\"0\">all</button> "
	      "<span id=\"shown\"></span> &middot; wheel zooms, shift-wheel and pulling move; "
	      "+ &minus; 0 and the arrow keys do, too</nav>\n<div id=\"frame\">", file);
	svg_draw(file, timeline, rows, false);
	fprintf(file, "</div><div id=\"tip\"></div>\n<script>\n%s</script>\n</body></html>\n", script);
	free(rows);
}

void trace_write_svg(FILE *file, const struct timeline *timeline)
{
	int *rows = memory_get(timeline->thread_count * sizeof(*rows));

	svg_draw(file, timeline, rows, true);
	free(rows);
}
