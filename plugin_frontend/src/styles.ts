// All style sheets of the page. In one piece they compress to less than each among the code that it belongs to.

import controls from "./controls.css?inline";
import theme from "./theme.css?inline";
import distributions from "./views/distributions/distributions.css?inline";
import gradients from "./views/gradients/gradients.css?inline";
import graph from "./views/graph/graph.css?inline";
import graphCanvas from "./views/graph/graph_canvas.css?inline";
import cards from "./views/overview/cards.css?inline";
import overview from "./views/overview/overview.css?inline";
import tensors from "./views/tensors/tensors.css?inline";
import header from "./widgets/header.css?inline";
import help from "./widgets/help.css?inline";
import menu from "./widgets/menu.css?inline";
import picture from "./widgets/picture.css?inline";
import pin from "./widgets/pin.css?inline";
import problemsStrip from "./widgets/problems_strip.css?inline";
import runChips from "./widgets/run_chips.css?inline";
import sidePanel from "./widgets/side_panel.css?inline";
import states from "./widgets/states.css?inline";
import stepRail from "./widgets/step_rail.css?inline";
import table from "./widgets/table.css?inline";
import tooltip from "./widgets/tooltip.css?inline";
import tree from "./widgets/tree.css?inline";

/** In the order of the cascade: ground rules come first, and what is used by others before them. */
export const STYLES = [
  theme,
  controls,
  menu,
  states,
  picture,
  sidePanel,
  table,
  tooltip,
  distributions,
  pin,
  cards,
  gradients,
  tree,
  graph,
  graphCanvas,
  runChips,
  overview,
  tensors,
  help,
  header,
  problemsStrip,
  stepRail,
].join("\n");
