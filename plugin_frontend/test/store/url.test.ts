import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  selectedGroup,
  selectedModule,
  selectedRuns,
  selectedSite,
  selectedStep,
  stage,
  view,
} from "../../src/store/selection";
import { applyKept, currentLink, mergeHash, parseHash, syncUrl } from "../../src/store/url";

describe("the hash", () => {
  it("comes back as it was put, whatever the names hold", () => {
    const kept = { site: "a&b=c#d%e.weight", runs: "first,second%2Cthird", step: "200" };
    expect(parseHash(mergeHash("", kept))).toEqual(kept);
  });

  it("keeps what others put there and replaces our own", () => {
    const hash = mergeHash("#torchviz_tb&p.torchviz_tb.step=3&tagFilter=loss", { step: "4" });
    expect(hash).toBe("#torchviz_tb&p.torchviz_tb.step=4&tagFilter=loss");
  });

  it("of another plugin is none of ours", () => {
    expect(parseHash("#scalars&p.torchviz_tb.step=3")).toBeNull();
    expect(parseHash("")).toEqual({});
    expect(parseHash("#torchviz_tb")).toEqual({});
    expect(parseHash("#torchviz_tb&p.torchviz_tb.site=%E0%A4%A")).toEqual({ site: "%E0%A4%A" });
  });
});

describe("the selection", () => {
  let stop = () => {};
  beforeEach(() => {
    vi.useFakeTimers();
    location.hash = "";
    applyKept({});
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  it("is what a copied link says", () => {
    applyKept({
      view: "graph",
      runs: "a%2Cb,c",
      group: "second",
      step: "0",
      site: "fc.weight",
      module: "fc",
      stage: "update",
    });
    const link = currentLink();
    applyKept({});
    expect(selectedSite.value).toBeNull();
    applyKept(parseHash(new URL(link).hash) ?? {});
    expect(view.value).toBe("graph");
    expect(selectedRuns.value).toEqual(["a,b", "c"]);
    expect(selectedGroup.value).toBe("second");
    expect(selectedStep.value).toBe(0);
    expect(selectedSite.value).toBe("fc.weight");
    expect(selectedModule.value).toBe("fc");
    expect(stage.value).toBe("update");
  });

  it("ignores words that it doesn't know", () => {
    applyKept({ view: "nowhere", step: "soon", stage: "raw" });
    expect([view.value, selectedStep.value, stage.value]).toEqual(["overview", null, "gradient"]);
  });

  it("adds a place to go back to for a view, none for a step", () => {
    stop = syncUrl();
    vi.runAllTimers();
    const push = vi.spyOn(history, "pushState");
    selectedStep.value = 7;
    vi.runAllTimers();
    expect(location.hash).toBe("#torchviz_tb&p.torchviz_tb.step=7");
    expect(push).not.toHaveBeenCalled();
    view.value = "graph";
    vi.runAllTimers();
    expect(push).toHaveBeenCalledOnce();
    expect(location.hash).toContain("view=graph");
  });

  it("leaves the address of another plugin alone", () => {
    stop = syncUrl();
    vi.runAllTimers();
    location.hash = "#scalars";
    selectedStep.value = 9;
    vi.runAllTimers();
    expect(location.hash).toBe("#scalars");
  });
});
