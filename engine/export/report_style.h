// The look of report.html: one column of text, tables with rules only where they help, both themes, and paper.
#pragma once

namespace palimpsest::report {

constexpr const char* kReportCss = R"css(
:root{color-scheme:light dark;--page:#fff;--text:#1f2328;--muted:#59636e;--rule:#d4d8dd;--strong:#59636e;--soft:#f5f6f8;
 --warn:#8a5a00;--warnsoft:#fff6e0;--warnrule:#e0b04a;--good:#1a6b3c;--goodsoft:#edf8f1;--goodrule:#8ecfa8}
@media screen and (prefers-color-scheme:dark){:root{--page:#17191c;--text:#e6e6e6;--muted:#a3a8ae;--rule:#383c41;
 --strong:#8b9198;--soft:#212428;--warn:#f0c060;--warnsoft:#2b2415;--warnrule:#7a5c1c;--good:#86d8a6;--goodsoft:#15251b;--goodrule:#2f6b47}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI","Noto Sans",Roboto,"Noto Sans CJK SC",sans-serif}
main{max-width:70rem;margin:0 auto;padding:3rem 1.5rem 5rem}
.kicker{margin:0;color:var(--muted);font-size:.85rem;letter-spacing:.06em;text-transform:uppercase}
h1{margin:.3rem 0 .5rem;font-size:clamp(1.5rem,4.5vw,2rem);line-height:1.2;font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h2{margin:3rem 0 .75rem;font-size:1.3rem;line-height:1.3;font-weight:650}
h3{margin:1.75rem 0 .5rem;font-size:1rem;font-weight:650}
p{max-width:44rem;margin:.5rem 0 1rem}
.lede{color:var(--muted);max-width:none}
.small{font-size:.875rem;color:var(--muted)}
.note{border:1px solid var(--rule);border-left-width:4px;border-radius:4px;padding:.7rem 1rem;margin:1.25rem 0;max-width:54rem}
.note p{margin:0}.note ul{margin:.35rem 0 0;padding-left:1.2rem}
.warn{background:var(--warnsoft);border-color:var(--warnrule)}.warn strong{color:var(--warn)}
.good{background:var(--goodsoft);border-color:var(--goodrule)}.good strong{color:var(--good)}
.scroll{overflow-x:auto;margin:.75rem 0 1rem}
table{border-collapse:separate;border-spacing:0;font-size:.925rem;font-variant-numeric:tabular-nums;line-height:1.35}
caption{text-align:left;color:var(--muted);font-size:.875rem;padding-bottom:.4rem}
th,td{padding:.45rem .8rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
th{font-weight:600}
thead th{border-top:2px solid var(--strong);border-bottom:1px solid var(--strong);color:var(--muted);font-size:.85rem;vertical-align:bottom}
tbody tr:last-child>*{border-bottom:2px solid var(--strong)}
th:first-child,td:first-child{padding-left:.25rem}th:last-child,td:last-child{padding-right:.25rem}
.left,tbody th{text-align:left}
.ghost{visibility:hidden}
tbody th{font-weight:500;position:sticky;left:0;background:var(--page)}
.best{font-weight:700}
.pm{color:var(--muted);font-weight:400;font-size:.85em}
.swatch{display:inline-block;width:1.1rem;height:.3rem;border-radius:2px;margin-right:.55rem;vertical-align:middle;background:var(--l)}
@media screen and (prefers-color-scheme:dark){.swatch{background:var(--d)}}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1.5rem 2rem;margin:1rem 0}
figure{margin:0;break-inside:avoid}
figcaption{font-size:.875rem;color:var(--muted)}
.matrices{display:flex;flex-wrap:wrap;gap:1.75rem 2.5rem;margin:1rem 0}
.matrix table{border-spacing:2px}
.matrix table th,.matrix table td{border:0;padding:.3rem .5rem;min-width:2.9rem;text-align:center;font-size:.82rem}
.matrix th{color:var(--muted);font-weight:400;position:static;background:none}
.matrix td{border-radius:2px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.matrix figcaption{color:var(--text);font-weight:600;margin-bottom:.1rem}
dl{max-width:54rem;margin:.5rem 0}dt{font-weight:600;margin-top:.9rem}dd{margin:.1rem 0 0}
code,.mono{font-family:ui-monospace,"Cascadia Mono","DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.86em}
.wrap{white-space:normal;overflow-wrap:anywhere;max-width:34rem;text-align:left}
summary{cursor:pointer;font-weight:600;margin:1rem 0}
footer{margin-top:4rem;padding-top:1rem;border-top:1px solid var(--rule);color:var(--muted);font-size:.85rem}
@media print{@page{margin:16mm}main{max-width:none;padding:0}body{font-size:10.5pt}h2{break-after:avoid}
 table{font-size:.8rem}th,td{padding:.3rem .5rem}.scroll{overflow:visible}tr,.note,.matrix{break-inside:avoid}
 .swatch,.note{print-color-adjust:exact;-webkit-print-color-adjust:exact}.figures{grid-template-columns:1fr 1fr}}
)css";

}  // namespace palimpsest::report
