// The page is whole without this. It adds the switch of colours, sorting, copying, and looking closer at the drawings. Everything that came
// from a log is only ever written with textContent.
(function () {
  "use strict";
  var root = document.documentElement;
  var $ = function (id) { return document.getElementById(id); };
  var SVG = "http://www.w3.org/2000/svg";
  root.classList.add("js");

  function read(id) { var at = $(id); return at ? JSON.parse(at.textContent) : null; }
  function grouped(n) { return String(n).replace(/\B(?=(\d{3})+$)/g, ","); }
  function counted(n, noun) { return grouped(n) + " " + noun + (n === 1 ? "" : "s"); }
  function stamp(seconds) { return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " "); }
  function line(text, kind) { var d = document.createElement("div"); d.textContent = text; if (kind) d.className = kind; return d; }

  // Light and dark. The choice is kept where the browser allows a page from a file to keep anything.
  (function theme() {
    var button = $("theme"), system = matchMedia("(prefers-color-scheme: dark)");
    function dark() { return root.dataset.theme ? root.dataset.theme === "dark" : system.matches; }
    function show() {
      button.textContent = dark() ? "Light" : "Dark";
      button.setAttribute("aria-label", "Switch to " + (dark() ? "light" : "dark") + " colours");
    }
    try { var kept = localStorage.getItem("cidrx-theme"); if (kept === "dark" || kept === "light") root.dataset.theme = kept; } catch (e) { /* not allowed here */ }
    button.hidden = false;
    button.addEventListener("click", function () {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("cidrx-theme", root.dataset.theme); } catch (e) { /* not allowed here */ }
      show();
    });
    system.addEventListener("change", show);
    show();
  })();

  // Tables sort by a click on a heading: numbers downwards first, texts upwards.
  function sortBy(table, column, numeric, down) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows).map(function (row, i) {
      var cell = row.cells[column];
      return { row: row, i: i, key: numeric ? Number(cell.dataset.v) : cell.textContent };
    });
    rows.sort(function (a, b) {
      var order = numeric ? a.key - b.key : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return (down ? -order : order) || a.i - b.i;
    });
    rows.forEach(function (r) { body.appendChild(r.row); });
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      var button = document.createElement("button"), numeric = head.dataset.sort === "num";
      button.type = "button";
      button.className = "sort";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var was = head.getAttribute("aria-sort");
        var down = was ? was === "ascending" : numeric && column > 0;
        heads.forEach(function (h) { h.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        sortBy(table, column, numeric, down);
      });
    });
    if (table.tBodies[0].rows.length > 8) addFilter(table);
  });
  function addFilter(table) {
    var input = document.createElement("input");
    input.type = "search";
    input.className = "filter";
    input.placeholder = "Show only rows with …";
    input.setAttribute("aria-label", "Show only rows that contain this text");
    table.parentNode.parentNode.insertBefore(input, table.parentNode);
    input.addEventListener("input", function () {
      var want = input.value.toLowerCase();
      Array.prototype.forEach.call(table.tBodies[0].rows, function (row) { row.hidden = row.textContent.toLowerCase().indexOf(want) < 0; });
    });
  }

  document.querySelectorAll(".copy").forEach(function (button) {
    var from = $(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", function () {
      function done(word) { button.textContent = word; setTimeout(function () { button.textContent = "Copy"; }, 2000); }
      function select() {
        getSelection().selectAllChildren(from);
        done(document.execCommand("copy") ? "Copied" : "Selected");
      }
      if (navigator.clipboard && isSecureContext) navigator.clipboard.writeText(from.textContent).then(function () { done("Copied"); }, select);
      else select();
    });
  });

  // A link to a range opens its closer look.
  function reveal() {
    var at = location.hash && $(location.hash.slice(1));
    if (at && at.tagName === "DETAILS") { at.open = true; at.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", function () { document.querySelectorAll("details").forEach(function (d) { d.open = true; }); });

  // Requests over time: what is under the pointer.
  (function time() {
    var data = read("time-data");
    if (!data) return;
    var chart = $("chart"), cursor = $("time-cursor"), out = $("time-readout");
    function at(event) {
      var box = chart.getBoundingClientRect();
      var i = Math.floor((event.clientX - box.left) / box.width * data.all.length);
      i = Math.max(0, Math.min(data.all.length - 1, i));
      var x = (i + 0.5) / data.all.length * 100 + "%";
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      cursor.style.visibility = "visible";
      var when = document.createElement("b");
      when.textContent = stamp(data.start + i * data.bucket);
      out.replaceChildren(when, "  " + counted(data.all[i], "request") + ", " + grouped(data.found[i]) + " from detected ranges");
    }
    chart.addEventListener("pointermove", at);
    chart.addEventListener("pointerdown", at);
    chart.addEventListener("pointerleave", function () { cursor.style.visibility = "hidden"; });
  })();

  // The map of the address space.
  (function map() {
    var data = read("map-data");
    if (!data) return;
    var svg = $("space"), spot = $("spot"), fine = $("fine"), out = $("map-readout");
    var W = Number(svg.dataset.w), H = Number(svg.dataset.h), view = { x: 0, y: 0, w: W, h: H };
    var tiles = new Map(data.tiles.map(function (first, i) { return [first / Math.pow(2, 32 - data.tileBits), i]; }));
    var counts = {}; // by length: number of a cell -> [requests, hosts]
    counts[data.bits] = unpack(data.seen);

    function unpack(seen) {
      var cells = new Map(), number = 0;
      for (var i = 0; i < seen.length; i += 3) { number += seen[i]; cells.set(number, [seen[i + 1], seen[i + 2]]); }
      return cells;
    }
    function cellsOf(bits) {
      if (counts[bits]) return counts[bits];
      var cells = new Map(), ratio = Math.pow(2, data.bits - bits);
      counts[data.bits].forEach(function (c, number) {
        var n = Math.floor(number / ratio), sum = cells.get(n);
        if (sum) { sum[0] += c[0]; sum[1] += c[1]; } else cells.set(n, [c[0], c[1]]);
      });
      return counts[bits] = cells;
    }
    // The same curve as where the page was made.
    function turn(side, x, y, right, down) {
      if (down) return [x, y];
      return right ? [side - 1 - y, side - 1 - x] : [y, x];
    }
    function point(order, d) {
      var x = 0, y = 0;
      for (var side = 1; side < 1 << order; side <<= 1, d >>>= 2) {
        var right = d >>> 1 & 1, down = (d ^ right) & 1, p = turn(side, x, y, right, down);
        x = p[0] + side * right;
        y = p[1] + side * down;
      }
      return [x, y];
    }
    function index(order, x, y) {
      var d = 0;
      for (var side = 1 << order >> 1; side > 0; side >>= 1) {
        var right = x & side ? 1 : 0, down = y & side ? 1 : 0, p = turn(side, x & side - 1, y & side - 1, right, down);
        d = d << 2 | (right * 3 ^ down);
        x = p[0];
        y = p[1];
      }
      return d >>> 0;
    }
    function origin(i) {
      var step = data.side + data.gap;
      return [i % data.columns * step, Math.floor(i / data.columns) * (step + data.label) + data.label];
    }
    function address(first, bits) {
      return [24, 16, 8, 0].map(function (s) { return Math.floor(first / Math.pow(2, s)) % 256; }).join(".") + "/" + bits;
    }
    // bits of the cells that can be told apart at the present zoom.
    function shownBits() {
      var bits = data.cellBits, zoom = W / view.w;
      for (; zoom >= 2 && bits + 2 <= data.bits; zoom /= 2) bits += 2;
      return bits;
    }
    function cellAt(px, py) {
      var bits = shownBits(), order = (bits - data.tileBits) / 2, n = 1 << order;
      for (var i = 0; i < data.tiles.length; i++) {
        var o = origin(i), x = Math.floor((px - o[0]) / data.side * n), y = Math.floor((py - o[1]) / data.side * n);
        if (x < 0 || y < 0 || x >= n || y >= n) continue;
        return { tile: i, x: x, y: y, bits: bits, first: data.tiles[i] + index(order, x, y) * Math.pow(2, 32 - bits) };
      }
      return null;
    }
    function tell(cell, link) {
      var lines = [];
      if (link) lines.push(line(link.dataset.prefix, "hit"), line(link.dataset.says), line("found by " + link.dataset.where));
      if (cell) {
        var o = origin(cell.tile), side = data.side / (1 << (cell.bits - data.tileBits) / 2);
        var c = cellsOf(cell.bits).get(cell.first / Math.pow(2, 32 - cell.bits));
        var head = document.createElement("b");
        head.textContent = address(cell.first, cell.bits);
        lines.push(head, line(c ? counted(c[0], "request") + " from " + counted(c[1], "host") : "no requests"));
        spot.setAttribute("x", o[0] + cell.x * side);
        spot.setAttribute("y", o[1] + cell.y * side);
        spot.setAttribute("width", side);
        spot.setAttribute("height", side);
      }
      if (lines.length) out.replaceChildren.apply(out, lines);
    }
    function place(event) { return new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()); }

    var cursor = null, dragged = null, moved = false;
    function point_(event) {
      var p = place(event);
      cursor = cellAt(p.x, p.y) || cursor;
      tell(cellAt(p.x, p.y), event.target.closest(".outline"));
    }
    svg.addEventListener("pointerdown", function (event) {
      moved = false;
      point_(event);
      if (view.w < W) dragged = place(event);
    });
    svg.addEventListener("pointermove", function (event) {
      if (!dragged) return point_(event);
      var p = place(event);
      if (Math.abs(p.x - dragged.x) + Math.abs(p.y - dragged.y) > view.w / 100) moved = true;
      if (moved) look(view.x + dragged.x - p.x, view.y + dragged.y - p.y, view.w);
    });
    addEventListener("pointerup", function () { dragged = null; });
    addEventListener("pointercancel", function () { dragged = null; });
    svg.addEventListener("click", function (event) { if (moved) event.preventDefault(); }, true);
    svg.addEventListener("focusin", function (event) {
      var link = event.target.closest(".outline");
      if (link) tell(null, link);
    });
    svg.addEventListener("keydown", function (event) {
      var step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (step) walk(step[0], step[1]);
      else if (event.key === "+" || event.key === "=") zoomBy(2);
      else if (event.key === "-") zoomBy(0.5);
      else if (event.key === "0" || event.key === "Escape") look(0, 0, W);
      else return;
      event.preventDefault();
    });
    function walk(dx, dy) {
      if (!cursor) cursor = cellAt(view.x + view.w / 2, view.y + view.h / 2) || cellAt(1, data.label + 1);
      var o = origin(cursor.tile), bits = shownBits(), side = data.side / (1 << (cursor.bits - data.tileBits) / 2);
      var x = o[0] + (cursor.x + 0.5) * side, y = o[1] + (cursor.y + 0.5) * side, step = data.side / (1 << (bits - data.tileBits) / 2);
      var next = cellAt(x + dx * step, y + dy * step) || cellAt(x + dx * (step + data.gap), y + dy * (step + data.gap + data.label));
      if (!next) return;
      cursor = next;
      tell(cursor, null);
    }

    // look shows the part of the map that begins at x, y and is w wide, and draws it as finely as can be seen.
    function look(x, y, w) {
      w = Math.min(W, Math.max(W / 64, w));
      var h = w * H / W;
      view = { x: Math.max(0, Math.min(W - w, x)), y: Math.max(0, Math.min(H - h, y)), w: w, h: h };
      svg.setAttribute("viewBox", [view.x, view.y, view.w, view.h].join(" "));
      svg.classList.toggle("zoomed", w < W);
      svg.querySelectorAll(".outline circle").forEach(function (c) { c.setAttribute("r", 11 * w / W); });
      svg.querySelectorAll(".eight").forEach(function (t) { t.style.fontSize = 11 * Math.max(0.25, w / W) + "px"; });
      draw(shownBits());
    }
    // middle of a cell that is in view: by a button one zooms to what one looked at last.
    function middle(cell) {
      if (!cell) return null;
      var o = origin(cell.tile), side = data.side / (1 << (cell.bits - data.tileBits) / 2), p = { x: o[0] + (cell.x + 0.5) * side, y: o[1] + (cell.y + 0.5) * side };
      return p.x < view.x || p.y < view.y || p.x > view.x + view.w || p.y > view.y + view.h ? null : p;
    }
    function zoomBy(by, p) {
      if (!by) return look(0, 0, W);
      p = p || middle(cursor) || { x: view.x + view.w / 2, y: view.y + view.h / 2 };
      var w = Math.min(W, Math.max(W / 64, view.w / by)), ratio = w / view.w;
      look(p.x - (p.x - view.x) * ratio, p.y - (p.y - view.y) * ratio, w);
    }
    var drawn = data.cellBits;
    function draw(bits) {
      if (bits === drawn) return;
      drawn = bits;
      fine.replaceChildren();
      svg.querySelectorAll(".cells").forEach(function (g) { g.style.display = bits === data.cellBits ? "" : "none"; });
      if (bits === data.cellBits) return;
      var order = (bits - data.tileBits) / 2, side = data.side / (1 << order), paths = data.levels.map(function () { return ""; });
      var perTile = Math.pow(2, bits - data.tileBits);
      cellsOf(bits).forEach(function (c, number) {
        var o = origin(tiles.get(Math.floor(number / perTile))), p = point(order, number % perTile), level = 0;
        while (level + 1 < data.levels.length && data.levels[level + 1] <= c[0]) level++;
        paths[level] += "M" + (o[0] + p[0] * side) + " " + (o[1] + p[1] * side) + "h" + side + "v" + side + "h-" + side + "z";
      });
      paths.forEach(function (d, i) {
        var path = document.createElementNS(SVG, "path");
        path.setAttribute("class", "h" + i);
        path.setAttribute("d", d);
        fine.appendChild(path);
      });
    }
    $("zoom").hidden = false;
    $("zoom").addEventListener("click", function (event) {
      var button = event.target.closest("[data-zoom]");
      if (button) zoomBy(Number(button.dataset.zoom));
    });
    svg.addEventListener("dblclick", function (event) { event.preventDefault(); zoomBy(2, place(event)); });
    svg.addEventListener("wheel", function (event) {
      if (!event.ctrlKey) return; // the page's own scrolling
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1.25 : 0.8, place(event));
    }, { passive: false });
  })();
})();
