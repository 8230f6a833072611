// SPDX-License-Identifier: Apache-2.0
// Put behind the scripts of a page by page_test.py: does what a person does, and writes what came of it
// where --dump-dom finds it. Each of `steps` returns what the test compares.

(async () => {
  const page = window.timeline;
  const {model, view, painter, search} = page;
  const press = (key, target) => (target || document.getElementById('canvas')).dispatchEvent(
    new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  const canvas = document.getElementById('canvas');
  const wheel = (x, deltaY, more) => canvas.dispatchEvent(new WheelEvent('wheel',
    {clientX: canvas.getBoundingClientRect().left + x, clientY: 300, deltaY, bubbles: true, cancelable: true, ...more}));
  const colorAt = (x, y) => [...canvas.getContext('2d').getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data].slice(0, 3).join();
  const range = () => [view.from, view.to];
  const found = {};

  found.errors = window.pageErrors;
  found.lanes = model.lanes.map((lane) => lane.type + ' ' + lane.label);
  found.places = view.places.length;
  page.drawNow();
  found.drawn = painter.drawn;
  found.records = model.records.length;
  found.kinds = [...new Set(model.records.map((record) => record.kind))].sort();

  // Lanes begin at the top, and stay under the window when there are more than fit.
  const box = document.getElementById('scroll');
  const below = () => canvas.getBoundingClientRect().top - box.getBoundingClientRect().top;
  found.atTop = below();
  box.scrollTop = 1e6;
  found.scrolled = box.scrollTop;
  found.atTopScrolled = below();
  found.lowest = view.height - box.scrollTop - painter.height;
  box.scrollTop = 0;

  // The failure: marked, in sight, and jumped to from elsewhere.
  const {failure} = model;
  found.failure = failure && failure.title;
  found.failureInSight = failure !== null && view.unit(failure.begin) > view.from && view.unit(failure.begin) < view.to;
  if (failure) {
    const other = Math.round((painter.height - 40));
    found.failureColor = colorAt(Math.round(view.xMiddle(failure.begin)), other);
    found.crashColor = getComputedStyle(document.documentElement).getPropertyValue('--crash').trim();
    press('f');
    view.zoom(0.05, view.first());
    press('e');
    found.failureAfterJump = view.unit(failure.begin) > view.from && view.unit(failure.begin) < view.to;
  }

  // Zooming and moving.
  press('f');
  found.whole = range();
  wheel(600, -400);
  found.zoomed = range();
  wheel(600, 400, {shiftKey: true});
  found.panned = range();
  press('+');
  found.keyed = range();
  press('t');
  found.time = [view.axis, ...range()];
  press('t');
  press('f');
  found.fitted = range();
  const drag = (type, x) => canvas.dispatchEvent(new PointerEvent(type, {clientX: canvas.getBoundingClientRect().left + x, clientY: 300, pointerId: 1, bubbles: true}));
  view.zoom(0.3, (view.from + view.to) / 2);
  const before = range();
  canvas.setPointerCapture = () => {};
  drag('pointerdown', 600);
  drag('pointermove', 500);
  drag('pointerup', 500);
  found.dragged = range()[0] - before[0];

  // Searching.
  const query = document.getElementById('query');
  const seek = (text) => { query.value = text; page.find(text); return search.found.length; };
  found.searches = {};
  for (const text of window.searches) {
    const count = seek(text);
    press('Enter', query);
    found.searches[text] = [count, document.getElementById('found').textContent,
      painter.selected && count ? painter.selected.title : null];
  }
  seek(window.searches[0]);
  press('Enter', query);
  const [one] = [painter.selected];
  press('n');
  found.next = painter.selected !== one;
  press('N');
  found.previous = painter.selected === one;
  press('Escape');
  found.cleared = painter.matches === null;

  // Keys in the lanes: along one, and to another.
  press('f');
  page.select(model.records.find((record) => record.kind === 'call'), true);
  const call = painter.selected;
  press('ArrowRight');
  found.right = painter.selected.lane === call.lane && painter.selected.begin > call.begin;
  press('ArrowDown');
  found.down = painter.selected.lane !== call.lane;
  found.said = document.getElementById('said').textContent !== '';

  // What is under the mouse is what is drawn there.
  const widest = model.records.filter((record) => record.kind === 'call' && record.lane.place).pop();
  page.select(widest, true);
  page.drawNow();
  const top = document.getElementById('scroll').scrollTop;
  const middle = (view.xOf(widest.begin) + view.xEnd(widest.end)) / 2;
  const hit = painter.recordAt(middle, widest.lane.place.top - top + widest.lane.place.height - 6, top);
  found.hit = hit === widest;

  // The panel.
  found.tabs = {};
  for (const button of document.querySelectorAll('#tabs button')) {
    button.click();
    found.tabs[button.dataset.tab] = document.getElementById('body').textContent.slice(0, 20000);
  }
  // Arrows in a list.
  page.showTab('All');
  page.select(call, true, true);
  press('ArrowDown', document.getElementById('body'));
  found.listed = painter.selected !== call && painter.selected.begin >= call.begin;
  page.showTab('Details');

  page.select(call, true);
  found.details = document.getElementById('body').textContent;
  const loss = model.records.find((record) => record.power);
  if (loss) page.select(loss, true);
  found.loss = document.getElementById('body').textContent;

  // Time to draw the whole run, and to find in it.
  press('f');
  let began = performance.now();
  page.drawNow();
  found.drawMs = performance.now() - began;
  began = performance.now();
  seek('writer');
  found.searchMs = performance.now() - began;

  found.title = document.title;
  found.notice = document.getElementById('notice').textContent;
  found.images = document.images.length;
  found.loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
  try {
    await fetch('file:///etc/hostname');
    found.fetched = true;
  } catch (error) {
    found.fetched = false;
  }
  found.errors = window.pageErrors;
  const result = document.createElement('pre');
  result.id = 'result';
  result.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found))));
  document.body.append(result);
})();
