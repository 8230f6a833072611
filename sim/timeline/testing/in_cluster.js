// SPDX-License-Identifier: Apache-2.0
// Put behind the scripts of a page of a cluster by page_test.py: what is drawn of it, and what a person
// finds by mouse and keys.

(async () => {
  const page = window.timeline;
  const {model, view, painter} = page;
  const {cluster} = model;
  const canvas = document.getElementById('canvas');
  const press = (key) => canvas.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  const click = (x, y) => {
    canvas.setPointerCapture = () => {};
    const box = canvas.getBoundingClientRect();
    for (const type of ['pointerdown', 'pointerup']) {
      canvas.dispatchEvent(new PointerEvent(type, {clientX: box.left + x, clientY: box.top + y, pointerId: 1, bubbles: true}));
    }
  };
  const top = () => document.getElementById('scroll').scrollTop;
  const colorsOf = (x, y, width, height) => {
    const scale = devicePixelRatio;
    const copy = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    copy.drawImage(canvas, -x * scale, -y * scale);
    const bytes = copy.getImageData(0, 0, width * scale, height * scale).data;
    const found = {};
    for (let i = 0; i < bytes.length; i += 4) {
      const color = '#' + [0, 1, 2].map((k) => bytes[i + k].toString(16).padStart(2, '0')).join('');
      found[color] = (found[color] || 0) + 1;
    }
    return found;
  };
  const of = (kind) => model.records.filter((record) => record.kind === kind);
  const found = {};

  found.lanes = model.lanes.map((lane) => lane.type + ' ' + lane.label);
  found.placed = view.places.map((place) => place.lane.type);
  found.axis = view.axis;
  found.counts = {};
  for (const record of model.records) found.counts[record.kind] = (found.counts[record.kind] || 0) + 1;
  found.roles = [...new Set(of('role').map((record) => record.role))].sort();
  found.terms = [...new Set(of('role').map((record) => record.term))].sort((a, b) => a - b);
  found.kinds = [...new Set(cluster.messages.map((message) => message.told.kind))].sort();
  found.lost = cluster.messages.filter((message) => message.lost).length;
  found.backwards = cluster.messages.filter((message) => !message.lost && model.ns[message.end] < model.ns[message.begin]).length;
  found.outcomes = [...new Set(of('ask').map((record) => record.outcome))].sort();
  found.rows = Math.max(...[...cluster.clients.values()].map((lane) => lane.rows), 0);
  found.titles = {};
  for (const kind of ['role', 'message', 'partition', 'down', 'log', 'pause', 'ask']) {
    found.titles[kind] = of(kind).map((record) => record.title);
  }
  // No two roles of one node at a time.
  found.overlaps = [...cluster.nodes.values()].reduce((sum, lane) => sum +
    lane.roles.filter((role, i) => i > 0 && lane.roles[i - 1].end > role.begin).length, 0);
  const failure = model.failure;
  found.failure = failure && [failure.title, failure.lane.label, view.unit(failure.begin) > view.from && view.unit(failure.begin) < view.to];

  // The whole run: few lines, whatever is said in it.
  press('f');
  page.drawNow();
  found.drawnWhole = painter.cluster.drawnMessages;
  let began = performance.now();
  page.drawNow();
  found.drawMs = performance.now() - began;

  // What is drawn where a node leads, and that it can be clicked.
  const widest = (records) => records.reduce((best, record) => !best ||
    model.ns[record.end] - model.ns[record.begin] > model.ns[best.end] - model.ns[best.begin] ? record : best, null);
  const inSight = (record) => {
    page.select(record, true);
    const [from, to] = [view.unit(record.begin), view.unit(record.end)];
    view.show(from - (to - from) * 0.2 - 20, to + (to - from) * 0.2 + 20);
    page.drawNow();
    return (view.xOf(record.begin) + view.xOf(record.end)) / 2;
  };
  const messagesAreShown = (shown) => {   // they lie over what is to be clicked
    if (shown) painter.shown.add('message'); else painter.shown.delete('message');
  };
  messagesAreShown(false);
  const leads = widest(of('role').filter((record) => record.leads));
  const x = inSight(leads);
  const bandTop = leads.lane.place.top - top() + BAND.top;
  found.leaderColors = colorsOf(Math.round(x) - 2, bandTop + 3, 4, BAND.height - 6);
  found.leaderColor = getComputedStyle(document.documentElement).getPropertyValue('--leader').trim();
  painter.selected = null;
  click(x, bandTop + 5);
  found.clickedRole = painter.selected === leads;
  found.roleDetails = document.getElementById('body').textContent;
  click(x, leads.lane.place.top - top() + CHART.top + 8);
  found.clickedLog = painter.selected && painter.selected.kind + ' ' + painter.selected.title;
  messagesAreShown(true);

  const messages = of('message').filter((record) => !record.lost && record.told.kind === 'append' && model.ns[record.end] > model.ns[record.begin]);
  const message = widest(messages);
  if (message) {
    inSight(message);
    const ends = painter.cluster.ends(message);
    painter.selected = null;
    click((ends.x + ends.toX) / 2, (ends.y + ends.toY) / 2 - top());
    // Others may lie beside it.
    found.clickedMessage = painter.selected !== null && painter.selected.kind === 'message';
    found.messageDetails = document.getElementById('body').textContent;
  }
  const lost = of('message').find((record) => record.lost);
  if (lost) {
    page.select(lost, true);
    found.lostDetails = document.getElementById('body').textContent;
  }
  // Where a node is cut off from several, their lines lie over each other: one of one is looked for.
  const cuts = of('partition').filter((record) => record.lane.type === 'node');
  const alone = cuts.filter((record) => cuts.every((other) => other === record || other.lane !== record.lane ||
    other.end <= record.begin || other.begin >= record.end));
  const parted = widest(alone.length > 0 ? alone : cuts);
  if (parted) {
    messagesAreShown(false);
    const at = inSight(parted);
    click(at, parted.lane.place.top - top() + STRIP.top + 5);
    found.clickedPartition = painter.selected === parted;
    messagesAreShown(true);
    // Its lines have soft edges: red enough is what counts, and that between them it is not. Labels may
    // lie over some of it.
    const reddish = (x) => Object.entries(colorsOf(Math.round(x), parted.lane.place.top - top() + STRIP.top, 20, STRIP.height))
      .map(([color, count]) => [parseInt(color.slice(1, 3), 16) - parseInt(color.slice(3, 5), 16), count]);
    const linesAt = (x) => {
      const sum = (test) => reddish(x).filter(([redness]) => test(redness)).reduce((all, [, count]) => all + count, 0);
      return [sum((redness) => redness > 50), sum((redness) => redness < 20)];
    };
    const looks = [30, -60, 90, -120, 150, -180].map((from) => linesAt(at + from));
    found.partitionAlone = alone.includes(parted);
    found.partitionPixels = looks.reduce((best, look) => Math.min(...look) > Math.min(...best) ? look : best);
  }

  // Keys: along a lane, to the next one; it is said aloud.
  page.select(leads, true);
  press('ArrowRight');
  found.right = painter.selected !== leads && painter.selected.lane === leads.lane;
  press('ArrowDown');
  const down = painter.selected.lane;
  press('ArrowUp');
  found.updown = down !== leads.lane || painter.selected.lane !== leads.lane;
  found.said = document.getElementById('said').textContent;

  // Threads and files, when they are asked for.
  document.getElementById('machines').click();
  page.drawNow();
  found.placedAll = [...new Set(view.places.map((place) => place.lane.type))].sort();
  document.getElementById('machines').click();
  page.drawNow();
  found.placedAgain = [...new Set(view.places.map((place) => place.lane.type))].sort();

  found.legend = document.getElementById('legend').hidden ? '' : document.getElementById('legend').textContent;
  page.showTab('Failure');
  found.story = document.getElementById('body').textContent;
  page.showTab('Operations');
  found.operations = document.getElementById('body').textContent;
  found.errors = window.pageErrors;
  const result = document.createElement('pre');
  result.id = 'result';
  result.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(found))));
  document.body.append(result);
})();
