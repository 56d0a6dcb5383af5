"""How results, the list of studies and the forms of administrators look; workbench/tabs/theme.py has the rest."""

from __future__ import annotations

CSS = """
.zest-study { --ink: var(--body-text-color); --raised: var(--block-background-fill);
  --soft: color-mix(in srgb, var(--body-text-color) 76%, transparent);
  --grid: color-mix(in srgb, var(--body-text-color) 9%, transparent);
  --line: color-mix(in srgb, var(--body-text-color) 26%, transparent);
  --three: #DDAA33; --four: #117733; --one: #004488; display: grid; gap: 0.8rem; contain: inline-size; }
.dark .zest-study { --one: #8fb8ea; }
.zest-study .zest-empty { border: 1px dashed var(--line); border-radius: var(--radius-lg); color: var(--soft); }
.zest-study h3 { margin: 0; font-size: 1.15rem; font-weight: 650; overflow-wrap: anywhere; }
.zest-study h3 em { font-style: normal; font-size: 0.78rem; font-weight: 600; padding: 0.12rem 0.5rem; border-radius: 99px;
  vertical-align: 0.12em; margin-left: 0.3rem; background: color-mix(in srgb, var(--body-text-color) 10%, transparent); }
.zest-study h3 em.open { background: color-mix(in srgb, #117733 20%, transparent); }
.zest-study .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: 0.5rem; }
.zest-study .facts div { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.5rem 0.8rem;
  background: var(--block-background-fill); }
.zest-study .facts b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; line-height: 1.2; }
.zest-study .facts span, .zest-study .small { color: var(--soft); font-size: 0.84rem; }
.zest-study p { margin: 0.35rem 0 0; overflow-wrap: anywhere; }
.zest-study .part { border: 1px solid var(--border-color-primary); border-radius: var(--radius-lg); padding: 0.8rem 1rem 0.9rem;
  background: var(--block-background-fill); min-width: 0; }
.zest-study h4 { margin: 0 0 0.4rem; font-size: 1rem; font-weight: 650; }
.zest-study .scroll { overflow-x: auto; }
.zest-study table, .zest-study thead, .zest-study tbody, .zest-study tr { border: 0 !important; }
.zest-study table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; margin: 0; min-width: 60%; }
.zest-study th, .zest-study td { text-align: right; padding: 0.3rem 0.7rem !important; border: 0 !important; white-space: nowrap;
  border-bottom: 1px solid var(--border-color-primary) !important; font-weight: 400; }
.zest-study th:first-child { text-align: left; padding-left: 0 !important; font-weight: 600; position: sticky; left: 0;
  background: var(--block-background-fill); }
.zest-study td b { font-weight: 650; }
.zest-study .anchor { font-weight: 400; color: var(--soft); }
.zest-study thead th { color: var(--soft); font-weight: 500 !important; }
.zest-study .chip { font-style: normal; font-size: 0.78rem; padding: 0.1rem 0.45rem; border-radius: 99px;
  background: color-mix(in srgb, #DDAA33 28%, transparent); }
.zest-study .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 0.8rem 1.4rem;
  margin-top: 0.8rem; align-items: start; }
.zest-study figure { margin: 0; min-width: 0; max-width: 470px; }
.zest-study figcaption { font-size: 0.84rem; color: var(--soft); margin-bottom: 0.2rem; }
.zest-study svg { width: 100%; height: auto; display: block; font-family: inherit; }
.zest-study svg text { fill: var(--ink); }  /* matplotlib writes no colour where it is black */
/* A study is a card with two lines: its systems, and how far it is. */
#zest-studies .wrap { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 0.5rem; }
#zest-studies label { white-space: pre-line; align-items: flex-start; line-height: 1.45; min-width: 0; overflow-wrap: anywhere; }
#zest-studies label span { font-weight: 400; font-size: 0.86rem; }
#zest-studies label span::first-line { font-weight: 650; font-size: 0.98rem; }
#zest-studies label.selected, .zest-form label.selected { color: var(--body-text-color);
  background: color-mix(in srgb, #4f46e5 12%, var(--block-background-fill)); }
@media (max-width: 640px) {
  .zest-study .part { padding: 0.6rem 0.6rem 0.7rem; margin: 0 -0.5rem; }
  .zest-study th, .zest-study td { padding: 0.3rem 0.45rem !important; }
}
#zest-unlock { max-width: 30rem; margin: 1.2rem auto 0; }
#zest-unlock h3 { margin: 0 0 0.2rem; }
#zest-unlock code { font-size: 0.92em; overflow-wrap: anywhere; }
#zest-sure, .zest-sure { border: 1px solid #DDAA33; border-radius: var(--radius-lg); padding: 0.7rem 0.9rem; }
#zest-study-results .error, .zest-made .error { display: none; }  /* the alert has the sentence */
#zest-study-results { min-height: 5.5rem; }
.zest-small { margin: 0.2rem 0; font-size: 0.9rem; color: color-mix(in srgb, var(--body-text-color) 76%, transparent); }
.zest-made a { font-weight: 600; }
"""
