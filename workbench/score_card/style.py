"""How score cards and evaluation jobs look; workbench/tabs/theme.py has the rest."""

from __future__ import annotations

CSS = """
.zest-card { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 0.8rem; }
.zest-card .part { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.7rem 0.9rem;
  background: var(--block-background-fill); min-width: 0; }
.zest-card .wide { grid-column: 1 / -1; }
.zest-card h4 { margin: 0 0 0.45rem; font-size: 0.95rem; font-weight: 600; }
.zest-card p { margin: 0.25rem 0; }
.zest-card .small, .zest-card-foot { color: var(--body-text-color-subdued); font-size: 0.82rem; }
.zest-card-foot { margin: 0.5rem 0 0; }
.zest-card .missing { color: var(--body-text-color-subdued); font-style: italic; }
.zest-card .number b { font-size: 1.25rem; }
.zest-card .transcript { font-size: 1.02rem; line-height: 1.6; overflow-wrap: anywhere; }
.zest-card del { color: #BB5566; text-decoration: line-through; }
.dark .zest-card del { color: #f0a0ae; }
.zest-card ins { text-decoration: underline; text-underline-offset: 3px; font-weight: 600;
  background: color-mix(in srgb, #DDAA33 26%, transparent); border-radius: 3px; padding: 0 0.2em; }
.zest-card .bars > div { display: grid; grid-template-columns: minmax(4.8rem, 28%) 1fr 5.2rem;
  grid-template-rows: auto auto; column-gap: 0.5rem;
  align-items: center; padding: 0.14rem 0; font-size: 0.88rem; }
.zest-card .bars span { grid-row: 1 / 3; }
.zest-card .bars em { grid-row: 1 / 3; grid-column: 3; text-align: right; font-style: normal;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.zest-card .bars u { display: block; height: 0.5rem; min-width: 1px; grid-column: 2; border-radius: 2px; text-decoration: none; }
.zest-card .bars u.before { grid-row: 1; } .zest-card .bars u.after { grid-row: 2; }
.zest-card .before { background: #8a94a6; } .zest-card .after { background: #4f46e5; } .zest-card .plain { background: #c3c9d4; }
.dark .zest-card .after { background: #818cf8; }
.zest-card .target { font-weight: 600; }
.zest-card .legend i { display: inline-block; width: 0.8rem; height: 0.5rem; border-radius: 2px; margin: 0 0.15rem 0 0.5rem; }
.zest-card .scale > div { grid-template-columns: minmax(6rem, 28%) 1fr 2.4rem; }
.zest-card .track { position: relative; grid-column: 2; grid-row: 1 / 3; height: 1rem; background:
  color-mix(in srgb, var(--body-text-color) 7%, transparent); border-radius: 2px; }
.zest-card .track u { height: 100% !important; }
.zest-card .track s { position: absolute; top: -3px; bottom: -3px; text-decoration: none; }
.zest-card s.natural { border-left: 2px solid var(--body-text-color); }
.zest-card s.threshold { border-left: 2px dotted var(--body-text-color); }
.zest-card .scroll { overflow-x: auto; }
.zest-card table, .zest-card thead, .zest-card tbody, .zest-card tr { border: 0 !important; }
.zest-card table { border-collapse: collapse; width: 100%; font-size: 0.88rem; font-variant-numeric: tabular-nums; margin: 0; }
.zest-card th, .zest-card td { text-align: right; padding: 0.25rem 0.15rem !important; border: 0 !important;
  border-bottom: 1px solid var(--border-color-primary) !important; font-weight: 400; }
.zest-card th:first-child { text-align: left; font-weight: 500; }
.zest-card thead th { color: var(--body-text-color-subdued); }
.zest-job { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.9rem 1.1rem;
  background: var(--block-background-fill); }
.zest-job p { margin: 0.15rem 0; }
.zest-job .headline { font-size: 1.1rem; font-weight: 600; }
.zest-job .small { color: var(--body-text-color-subdued); font-size: 0.85rem; overflow-wrap: anywhere; }
.zest-job progress { appearance: none; width: 100%; height: 0.6rem; margin: 0.4rem 0; border: 0;
  border-radius: 4px; overflow: hidden;
  background: color-mix(in srgb, var(--body-text-color) 12%, transparent); }
.zest-job progress::-webkit-progress-bar { background: color-mix(in srgb, var(--body-text-color) 12%, transparent); }
.zest-job progress::-webkit-progress-value { background: #4f46e5; }
.zest-job progress::-moz-progress-bar { background: #4f46e5; }
#zest-downloads .label-clear-button,
#zest-frontier-downloads .label-clear-button { display: none; }  /* there is nothing to take out */
#zest-metrics label.selected,
#zest-frontier-systems label.selected { background: color-mix(in srgb, #4f46e5 12%, var(--block-background-fill));
  color: var(--body-text-color); }
.zest-report iframe { width: 100%; height: 80vh; border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg);
  background: var(--block-background-fill); }
.zest-card-of { font-weight: 600; margin: 0 0 0.5rem; overflow-wrap: anywhere; }
#zest-one-card, #zest-convert-card { contain: inline-size; }
#zest-one-card { min-height: 5.5rem; }
#zest-convert-card:has(.wrap.generating), #zest-convert-card:has(.progress-text) { min-height: 5.5rem; }
#zest-metrics .wrap { gap: 0.3rem 0.5rem; }
"""
