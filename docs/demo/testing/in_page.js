// SPDX-License-Identifier: Apache-2.0
// Put behind the scripts of the page by page_test.py: does what a person does, and writes what came of
// it where --dump-dom finds it.

(async () => {
  const page = window.lsm;
  const {model, painter} = page;
  const found = {};
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const caption = () => at('caption').textContent;
  const shown = () => [...document.querySelectorAll('.figures[data-level]')].map(
    ({dataset}) => [Number(dataset.level), Number(dataset.tables), Number(dataset.bytes)]);
  const elements = (kind) => painter.shown[kind].size;
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));

  found.mismatches = model.mismatches;
  found.steps = model.steps.length;
  found.types = [...new Set(model.steps.map((step) => step.type))].sort();
  found.levelsUsed = model.levelsUsed;
  found.chapters = [...at('chapter').options].map((option) => option.textContent);
  const said = model.steps.flatMap((step) => step.events).length;
  found.eventsUnsaid = model.lines.filter((line) => line.kind === 'event').length - said - model.pending.length;

  // Every step: it is drawn as it is, with a caption, and nothing lies outside of the picture.
  found.wrong = [];
  for (let i = 0; i < model.steps.length; ++i) {
    page.show(i, false);
    const {state} = model.steps[i];
    const entries = [...state.entries()].length;
    if (elements('entries') !== entries || elements('tables') !== state.tables.size) found.wrong.push(['drawn', i]);
    if (elements('log') !== state.log.length) found.wrong.push(['log', i]);
    if (!/[.]$/.test(caption()) || /undefined|NaN|null/.test(caption())) found.wrong.push([caption(), i]);
    if (document.documentElement.scrollWidth > document.documentElement.clientWidth) found.wrong.push(['wide', i]);
    const box = at('picture').getBoundingClientRect();
    for (const table of painter.shown.tables.values()) {
      const {left, right} = table.getBoundingClientRect();
      if (left < box.left - 1 || right > box.right + 1) found.wrong.push(['outside', i]);
    }
  }
  found.shownAtEnd = shown();
  const stats = model.lines.filter((line) => line.kind === 'stats').pop();
  found.statsAtEnd = stats.levels;

  // Forward with animation and back at once: the same picture.
  const picture = () => [...painter.shown.entries].map(([name, element]) => name + element.style.transform + element.dataset.fate).sort().join();
  const middle = model.steps.findIndex((step) => step.type === 'merged');
  page.show(middle - 1, false);
  page.show(middle, true);
  const animated = picture();
  page.show(middle, false);
  found.samePicture = picture() === animated;

  // Buttons: each goes to the next operation of its kind, and around at the end.
  found.buttons = {};
  for (const button of document.querySelectorAll('[data-kind]')) {
    const {kind} = button.dataset;
    page.go(0, false);
    const reached = [];
    for (let i = 0; i < 2; ++i) {
      button.click();
      reached.push([page.now, model.steps[page.now].kind]);
      page.stop();
    }
    page.go(model.steps.length - 1, false);
    button.click();
    reached.push([page.now, model.steps[page.now].kind]);
    page.stop();
    found.buttons[kind] = reached;
  }
  // A compaction goes on to its end by itself.
  at('speed').value = '5';
  page.go(middle - 2, false);
  document.querySelector('[data-kind="compact"]').click();
  await wait(3000);
  found.compacted = [model.steps[page.now].type, page.playing()];

  // Play, pause, scrub, keys, chapters.
  page.go(0, false);
  at('play').click();
  await wait(2000);
  found.played = page.now;
  at('play').click();
  await wait(1000);
  found.paused = [page.now === found.played || page.now === found.played + 1, page.playing()];
  at('scrub').value = '40';
  at('scrub').dispatchEvent(new Event('input'));
  found.scrubbed = page.now;
  press('ArrowRight');
  found.right = page.now;
  press('ArrowLeft');
  press('g');
  found.key = model.steps[page.now].type;
  press('End');
  found.end = page.now === model.steps.length - 1;
  at('chapter').value = '3';
  at('chapter').dispatchEvent(new Event('change'));
  found.chapter = [model.steps[page.now].chapter, page.now === model.chapters[3].step];

  // What is pointed at is said.
  const table = model.steps.findIndex((step) => step.type === 'flushed');
  page.show(table, false);
  const [file, element] = [...painter.shown.tables][0];
  element.dispatchEvent(new PointerEvent('pointerenter'));
  found.tip = [at('tip').hidden, at('tip').textContent, model.steps[table].state.tables.get(file)];
  element.dispatchEvent(new PointerEvent('pointerleave'));
  found.tipGone = at('tip').hidden;

  // A read's way ends at what answers it.
  found.beams = model.steps.map((step, i) => [step, i]).filter(([step]) => step.type === 'get' && step.facts.answer.from === 'table')
    .every(([step, i]) => {
      page.show(i, false);
      const answer = painter.shown.tables.get(step.facts.answer.file);
      return answer !== undefined && answer.classList.contains('answer') &&
        painter.shown.entries.get(step.focus.entry).classList.contains('focus');
    });

  found.width = painter.width;
  found.loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
  found.errors = window.pageErrors;
  const result = document.createElement('pre');
  result.id = 'result';
  result.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found))));
  document.body.append(result);
})();
