// SPDX-License-Identifier: Apache-2.0
// Lists of records in the panel. Only the rows in sight exist, so that a long run costs no more.

const ROW_HEIGHT = 22;

class RowList {
  // columns: [{name, width, of}]: a grid's width and the text of a record.
  constructor(columns, go) {
    this.columns = columns;
    this.go = go;
    this.grid = columns.map((column) => column.width).join(' ');
    this.records = [];
  }

  show(body, records, state) {
    this.records = records;
    this.state = state;   // {selected, matches}
    this.body = body;
    body.classList.add('list');
    const head = element('div', {class: 'rows-head', style: 'grid-template-columns: ' + this.grid},
      this.columns.map((column) => element('span', null, column.name)));
    this.rows = element('div', {class: 'rows', style: 'height: ' + records.length * ROW_HEIGHT + 'px'});
    body.replaceChildren(head, this.rows);
    if (records.length === 0) this.rows.append(element('p', {class: 'faint', style: 'padding: 8px 12px'}, 'None.'));
    const selected = records.indexOf(state.selected);
    if (selected >= 0) body.scrollTop = Math.max(0, selected * ROW_HEIGHT - body.clientHeight / 2);
    body.onscroll = () => this.draw();
    this.draw();
  }

  // The record beside the selected one.
  beside(forward) {
    const at = this.records.indexOf(this.state.selected);
    return this.records[at < 0 ? 0 : Math.max(0, Math.min(this.records.length - 1, at + (forward ? 1 : -1)))];
  }

  draw() {
    const from = Math.max(0, Math.floor(this.body.scrollTop / ROW_HEIGHT) - 5);
    const to = Math.min(this.records.length, from + Math.ceil(this.body.clientHeight / ROW_HEIGHT) + 12);
    if (this.records.length === 0) return;
    const rows = [];
    for (let i = from; i < to; ++i) {
      const record = this.records[i];
      const classes = ['row'];
      if (record === this.state.selected) classes.push('selected');
      if (this.state.matches && this.state.matches.has(record)) classes.push('match');
      if (record.failed || record.never || record.kind === 'fault' || record.kind === 'crash' || record.kind === 'verdict') classes.push('failed');
      rows.push(element('div', {class: classes.join(' '), style: 'top: ' + i * ROW_HEIGHT + 'px; grid-template-columns: ' + this.grid,
        title: record.title, onclick: () => this.go(record)},
      this.columns.map((column) => element('span', null, column.of(record)))));
    }
    this.rows.replaceChildren(...rows);
  }
}

function recordColumns(model) {
  return [{name: 'event', width: '5em', of: (record) => String(model.events[record.begin])},
    {name: 'seconds', width: '8.5em', of: (record) => stamp(model.ns[record.begin])},
    {name: 'where', width: '9em', of: (record) => model.laneName(record)},
    {name: 'what', width: '1fr', of: (record) => record.title}];
}

// The workload as it was planned; what was not reached stands here alone.
function workloadTable(data) {
  const box = element('div');
  const rows = data.workload;
  box.append(element('p', {class: 'faint'}, rows.length + ' operations were planned. Those that were begun are under "Operations".'));
  const table = element('table', null, element('tr', null, ['id', 'life', 'client', 'kind', 'arguments'].map((name) => element('th', null, name))));
  for (const [id, life, client, kind, args] of rows.slice(0, 2000)) {
    table.append(element('tr', null, [id, life, client, kind, args.join(' ')].map((text) => element('td', null, String(text)))));
  }
  box.append(table);
  if (rows.length > 2000) box.append(element('p', {class: 'faint'}, 'and ' + (rows.length - 2000) + ' more'));
  return box;
}

// All files as they stand at the order.
function fileTable(model, details, order, goFile) {
  const box = element('div');
  box.append(element('p', {class: 'faint'}, 'As of event ' + model.events[Math.min(order, model.length)] + ', ' +
    (order >= model.length - 1 ? 'the end.' : 'the selection.')));
  box.append(legend());
  for (const host of model.hosts.values()) {
    if (host.files.size === 0) continue;
    box.append(element('h3', null, 'Host ' + host.name));
    for (const file of host.files.values()) {
      const state = model.stateAt(file, order);
      if (!state || stateClass(state) === 'gone') continue;
      box.append(element('p', null, element('button', {class: 'jump', onclick: () => goFile(file)}, file.label || '(no name)')));
      details.addState(box, file, state);
    }
  }
  return box;
}
