"use strict";
// Draws the page's plots with Plotly, each when it comes into view, all of them before printing. Colours are the
// style sheet's, by the classes that Plotly gives its parts, so that they follow light, dark and paper.
// Without this script the tables and the sentence under each plot say the same.
(() => {
  const data = document.getElementById("plots");
  if (!data) return;
  const plots = new Map(JSON.parse(data.textContent).map((plot) => [plot.id, plot]));
  const places = Array.from(document.querySelectorAll("[data-plot]"));
  const number = new Intl.NumberFormat("en");

  // Plotly reads some markup in strings; names come from a crawl.
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  const layout = (more) => ({
    margin: { l: 44, r: 8, t: 6, b: 34 },
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    font: { family: "inherit", size: 11 },
    showlegend: false,
    dragmode: false,
    barmode: "stack",
    bargap: 0.06,
    hovermode: "x unified",
    ...more,
  });
  const axis = (more) => ({ fixedrange: true, zeroline: false, automargin: true, ...more });

  // Bins of unlike width are drawn alike, and labelled with the edge that each begins at.
  const histogram = (plot) => {
    const { edges } = plot;
    const bins = edges.slice(1).map((_, i) => i);
    const shown = (edge) => (Math.abs(edge) >= 1000 ? `${edge / 1000}k` : String(edge));
    const span = (i) => `${number.format(edges[i])} to ${number.format(edges[i + 1])}`;
    const where = (value) => {
      const last = edges.length - 1;
      if (value >= edges[last]) return last - 0.5;
      const i = Math.max(0, edges.findIndex((edge) => edge > value) - 1);
      return i - 0.5 + (value - edges[i]) / (edges[i + 1] - edges[i]);
    };
    const step = Math.max(1, Math.ceil(edges.length / 6));
    const ticks = edges.map((_, i) => i).filter((i) => i % step === 0);
    const [over, under] = plot.names || ["kept", "removed"];
    const trace = (name, y) => ({
      type: "bar", name, x: bins, y, customdata: bins.map(span), hovertemplate: "%{y:,} " + plain(name),
    });
    return [
      [trace(over, plot.kept), trace(under, plot.removed)],
      layout({
        xaxis: axis({ tickvals: ticks.map((i) => i - 0.5), ticktext: ticks.map((i) => shown(edges[i])), showgrid: false,
          unifiedhovertitle: { text: "%{customdata}" }, range: [-0.6, edges.length - 1.4] }),
        yaxis: axis({ rangemode: "tozero", nticks: 4 }),
        shapes: plot.lines.map((value) => ({
          type: "line", xref: "x", yref: "paper", x0: where(value), x1: where(value), y0: 0, y1: 1,
          line: { width: 2, dash: "dot" },
        })),
      }),
    ];
  };

  const bars = (plot) => {
    const names = plot.names.map(plain);
    const trace = (name, y) => ({ type: "bar", name, x: names, y, hovertemplate: "%{y:,} " + name });
    return [
      [trace("kept", plot.kept), trace("removed", plot.removed)],
      layout({ xaxis: axis({ type: "category", nticks: 8, showgrid: false }), yaxis: axis({ rangemode: "tozero", nticks: 4 }) }),
    ];
  };

  // The tones of these are the middle ones between the light and the dark page's.
  const TONES = {
    kept: "#4488c6", duplicate: "#8c96a1", rule: "#d6863f", cut: "#bd9567", quarantined: "#9266b5",
    label: "#7d93a8", snapshot: "#6b7480",
  };
  const flow = (plot) => {
    const tone = (i) => TONES[plot.nodes[i].kind];
    const faint = (colour) => colour + "66";
    return [
      [{
        type: "sankey", arrangement: "fixed", valueformat: ",",
        node: { label: plot.nodes.map((node) => plain(node.name)), color: plot.nodes.map((_, i) => tone(i)), pad: 9,
          thickness: 12, line: { width: 0 } },
        link: {
          source: plot.links.map((link) => link.from), target: plot.links.map((link) => link.to),
          value: plot.links.map((link) => link.documents),
          color: plot.links.map((link) => faint(tone(plot.nodes[link.to].kind === "label" ? link.from : link.to))),
        },
      }],
      layout({ margin: { l: 4, r: 4, t: 8, b: 8 }, hovermode: "closest" }),
    ];
  };

  const KINDS = { histogram, bars, flow };
  const draw = (place) => {
    const plot = plots.get(place.dataset.plot);
    if (!plot || place.dataset.drawn || typeof Plotly === "undefined") return;
    place.dataset.drawn = "yes";
    const [traces, wanted] = KINDS[plot.kind](plot);
    Plotly.newPlot(place, traces, wanted, { displayModeBar: false, responsive: true, showTips: false, doubleClick: false });
  };
  const near = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
    { rootMargin: "300px" },
  );
  places.forEach((place) => near.observe(place));
  window.addEventListener("beforeprint", () => places.forEach(draw));
  // What is folded away has no width to be drawn in.
  document.querySelectorAll("details").forEach((one) =>
    one.addEventListener("toggle", () => one.querySelectorAll("[data-plot]").forEach((place) => near.observe(place))),
  );
})();
