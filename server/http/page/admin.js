'use strict';
// The admin page of a node: asks /api/*.json once a second, and shows what they say. What comes
// from the node is text, never markup.

const EVERY_MS = 1000;
const KEPT = 120;  // samples of the curves
const SVG = 'http://www.w3.org/2000/svg';

const byId = (id) => document.getElementById(id);
const say = (id, text) => { byId(id).textContent = text; };

function element(space, name, attributes, text) {
  const made = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (bytes >= 1024 && unit + 1 < units.length) {
    bytes /= 1024;
    ++unit;
  }
  return (unit === 0 || bytes >= 100 ? bytes.toFixed(0) : bytes.toFixed(1)) + ' ' + units[unit];
}

const count = (number) => Math.round(number).toLocaleString('en');

function time(ms) {
  if (ms < 1000) return ms + ' ms';
  const s = Math.floor(ms / 1000);
  if (s < 120) return s + ' s';
  if (s < 7200) return Math.floor(s / 60) + ' min';
  return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
}

function showStatus(status) {
  say('version', 'version ' + status.version);
  say('state', status.ready ? 'ready' : 'not ready');
  byId('state').className = 'badge ' + (status.ready ? 'good' : 'bad');
  say('why', status.why_not_ready);
  document.title = 'node ' + status.node + ' (' + status.role + ') - BeachDB';
  for (const name of ['node', 'role', 'term']) say(name, status[name]);
  say('leader', status.leader === 0 ? 'none is known' : 'node ' + status.leader);
  say('uptime', time(status.uptime_ms));
  say('clients', status.native_clients + ' native, ' + status.resp_clients + ' Redis');
  say('work', count(status.work));
  for (const name of ['commit', 'applied', 'log_durable', 'state_durable', 'log_base']) say(name, count(status[name]));
  say('log_bytes', size(status.log_bytes));
}

// Lag is known to the leader alone.
function showMembers(members) {
  const rows = members.members.map((member) => {
    const row = element(null, 'tr', {});
    const told = member.lag !== undefined;
    const self = member.node === members.node;
    row.append(element(null, 'td', {}, member.node + (self ? ' (this one)' : '')),
               element(null, 'td', {}, member.address),
               element(null, 'td', {}, member.leads ? 'leader' : member.voter ? '' : 'learner'),
               element(null, 'td', {class: 'number'}, told ? count(member.lag) : '?'),
               element(null, 'td', {class: 'number'}, !told ? '?' : self ? '' : time(member.silent_ms) + ' ago'));
    return row;
  });
  byId('members').replaceChildren(...rows);
}

function showLevels(engine) {
  const svg = byId('levels');
  const row = 22, left = 34, right = 190;
  const width = Math.max(svg.clientWidth, left + right + 50);
  const most = Math.max(1, ...engine.levels.map((level) => level.bytes));
  const parts = [];
  engine.levels.forEach((level, i) => {
    const y = i * row, wide = width - left - right;
    const bar = level.bytes === 0 ? 0 : Math.max(2, wide * level.bytes / most);
    parts.push(element(SVG, 'text', {x: 0, y: y + 15}, 'L' + i),
               element(SVG, 'rect', {class: 'back', x: left, y: y + 4, width: wide, height: 14, rx: 2}),
               element(SVG, 'rect', {class: 'bar', x: left, y: y + 4, width: bar, height: 14, rx: 2}),
               element(SVG, 'text', {class: 'level', x: width - right + 10, y: y + 15},
                       size(level.bytes) + ' in ' + count(level.tables) + (level.tables === 1 ? ' table' : ' tables')));
  });
  svg.setAttribute('viewBox', '0 0 ' + width + ' ' + Math.max(row, engine.levels.length * row));
  svg.replaceChildren(...parts);
  say('compaction', count(engine.compactions_running) + ' compactions under way, ' + count(engine.compactions) + ' done, ' +
      count(engine.moves) + ' moves, ' + count(engine.flushes) + ' flushes; ' + size(engine.debt_bytes) + ' to be moved' +
      (engine.compactions_failed === 0 ? '' : '; ' + count(engine.compactions_failed) + ' failed'));
  const slow = engine.pressure > 0;
  say('pressure', slow ? 'Writers are slowed down by ' + engine.pressure / 10 + ' %: ' + engine.pressure_reason
                       : 'Writers are not slowed down; they were for ' + time(engine.throttled_ms));
  byId('pressure').className = slow ? 'slow' : '';
}

// What grew since the sample before, in a second.
function rates(samples, name) {
  const grown = [];
  for (let i = 1; i < samples.length; ++i) {
    grown.push((samples[i][name] - samples[i - 1][name]) * 1000 / (samples[i].at - samples[i - 1].at));
  }
  return grown;
}

function showCurve(id, values, text) {
  const svg = byId(id);
  const width = 600, height = 70;
  const most = Math.max(1, ...values);
  const x = (i) => width - (values.length - 1 - i) * width / (KEPT - 1);
  const points = values.map((value, i) => x(i).toFixed(1) + ',' + (height - 2 - (height - 18) * value / most).toFixed(1));
  svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
  if (points.length === 0) return;
  svg.replaceChildren(
      element(SVG, 'polygon', {class: 'under', points: x(0).toFixed(1) + ',' + height + ' ' + points.join(' ') + ' ' + width + ',' + height}),
      element(SVG, 'polyline', {class: 'curve', points: points.join(' ')}),
      element(SVG, 'text', {x: 0, y: 12}, 'most ' + text(most) + '/s'));
  say(id + '_now', text(values[values.length - 1]) + '/s');
}

let samples = [];

function remember(status, engine) {
  const last = samples[samples.length - 1];
  if (last && (status.uptime_ms < last.uptime || status.node !== last.node)) samples = [];  // another life
  samples.push({at: performance.now(), uptime: status.uptime_ms, node: status.node, applied: status.applied,
                written: engine.user_bytes});
  samples = samples.slice(-KEPT);
}

async function ask(name) {
  const answer = await fetch('/api/' + name + '.json', {cache: 'no-store', signal: AbortSignal.timeout(5000)});
  if (!answer.ok) throw new Error('status ' + answer.status);
  return answer.json();
}

async function look() {
  try {
    const [status, engine, members] = await Promise.all(['status', 'levels', 'members'].map(ask));
    remember(status, engine);
    showStatus(status);
    showMembers(members);
    showLevels(engine);
    showCurve('entries', rates(samples, 'applied'), count);
    showCurve('bytes', rates(samples, 'written'), size);
    document.body.className = '';
  } catch (error) {
    document.body.className = 'stale';
    say('state', 'no answer');
    byId('state').className = 'badge bad';
    say('why', 'what is shown is old (' + error.message + ')');
  }
  setTimeout(look, EVERY_MS);
}

look();
