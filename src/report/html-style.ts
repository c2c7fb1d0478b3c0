/** The looks of the report. System fonts, no pictures, nothing that would be fetched. */
export const HTML_STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --paper: #fff; --panel: #f6f8fa;
  --done: #1a7f37; --failed: #cf222e; --cancelled: #8c959f; --rollback: #9a6700; --open: #0969da; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --paper: #0d1117; --panel: #151b23;
  --done: #3fb950; --failed: #f85149; --cancelled: #6e7681; --rollback: #d29922; --open: #4493f8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; }
a { color: var(--open); }
.outcome { display: inline-block; padding: .1rem .6rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .9rem; font-weight: 600; }
.outcome.ok { color: var(--done); } .outcome.bad { color: var(--failed); }
.soft { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1rem 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.problem { border: 1px solid var(--failed); border-left-width: 5px; border-radius: 6px; padding: .75rem 1rem; margin: 1.25rem 0; }
.problem p { margin: .25rem 0; }
pre { background: var(--panel); border-radius: 6px; padding: .6rem .8rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
td.value { overflow-wrap: anywhere; min-width: 14rem; font-family: ui-monospace, SFMono-Regular, Consolas, monospace; font-size: .85rem; }
.waterfall td.time { white-space: nowrap; } .waterfall .chart { width: 42%; min-width: 14rem; }
.waterfall .name, .waterfall .type { overflow-wrap: anywhere; min-width: 12rem; max-width: 20rem; } .waterfall .words { min-width: 8rem; }
.track { position: relative; height: 1.05rem; margin-top: .15rem; }
.axis { position: relative; height: 1.2rem; } .axis span { position: absolute; white-space: nowrap; transform: translateX(-50%); font-weight: 400; font-size: .8rem; }
.axis span:first-child { transform: none; } .axis span:last-child { transform: translateX(-100%); }
.bar { position: absolute; top: 0; height: 100%; min-width: 3px; border-radius: 2px; background: var(--done); }
.bar.failed, .key.failed { background: var(--failed); } .bar.open, .key.open { background: var(--open); }
.bar.cancelled, .key.cancelled { background: repeating-linear-gradient(45deg, var(--cancelled) 0 3px, transparent 3px 6px); }
.bar.rollback, .key.rollback { background: repeating-linear-gradient(90deg, var(--rollback) 0 5px, transparent 5px 7px); }
.legend { display: flex; flex-wrap: wrap; gap: 1.25rem; margin: .75rem 0 0; padding: 0; list-style: none; font-size: .85rem; color: var(--soft); }
.key { display: inline-block; width: 1.4rem; height: .8rem; border-radius: 2px; background: var(--done); margin-right: .4rem; vertical-align: -1px; }
@media (max-width: 52rem) {
  body { padding: 1.25rem 1rem 3rem; } td.value { min-width: 9rem; } th[scope=row] { overflow-wrap: anywhere; }
  .waterfall, .waterfall tbody, .waterfall thead { display: block; } .waterfall thead th:not(.chart) { display: none; } .waterfall th.chart { display: block; }
  .waterfall tr { display: grid; grid-template-columns: 1fr auto; column-gap: 1rem; border-bottom: 1px solid var(--line); padding: .4rem 0; }
  .waterfall th, .waterfall td { border: 0; padding: 0; } .waterfall .name, .waterfall .type { min-width: 0; max-width: none; }
  .waterfall .name { grid-area: 1 / 1; } .waterfall .time { grid-area: 1 / 2; text-align: right; } .waterfall .type { grid-area: 2 / 1; } .waterfall .words { grid-area: 2 / 2; text-align: right; min-width: 0; }
  .waterfall .chart { grid-column: 1 / -1; width: auto; min-width: 0; }
}
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { body { max-width: none; padding: 0; } .bar, .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
