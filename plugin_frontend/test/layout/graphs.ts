// Small builders of graph answers, so that a test reads like the model it is about.

import type { GraphAnswer, Source } from "../../src/api/types";

/** Records a made-up forward pass: scopes are entered and left, operations run in the innermost one. */
export class GraphBuilder {
  private readonly answer: GraphAnswer;
  private readonly stack: number[] = [0];
  private readonly calls = new Map<string, number>([["", 1]]);

  constructor(modelType = "Net") {
    this.answer = {
      model_type: modelType,
      mode: "training_step",
      torch_version: "2.13.0",
      notes: [],
      dropped_operations: 0,
      types: [],
      parameters: [],
      scopes: { path: [""], type: [modelType], parent: [0], call: [0], parameters: [[]], training: [true] },
      operations: { name: [], scope: [], sources: [], outputs: [], parameters: [], flops: [] },
      inputs: [],
      outputs: [],
      problems: [],
    };
  }

  type(shape: number[], dtype = "float32"): number {
    return this.answer.types.push({ shape, dtype, device: "cpu" }) - 1;
  }

  input(name: string, shape = [8, 16]): Source {
    return -this.answer.inputs.push({ name, type: this.type(shape) });
  }

  output(name: string, source: Source): void {
    this.answer.outputs.push({ name, type: 0, source });
  }

  operation(name: string, sources: Source[], shape = [8, 16], parameters: number[] = []): number {
    const { operations } = this.answer;
    operations.scope.push(this.stack.at(-1) ?? 0);
    operations.sources.push([...new Set(sources)]);
    operations.outputs.push([this.type(shape)]);
    operations.parameters.push(parameters);
    operations.flops.push(10);
    return operations.name.push(`aten.${name}`) - 1;
  }

  /** Runs `body` inside a call of the module. */
  module<T>(path: string, type: string, body: () => T): T {
    const call = this.calls.get(path) ?? 0;
    this.calls.set(path, call + 1);
    const { scopes } = this.answer;
    scopes.path.push(path);
    scopes.type.push(type);
    scopes.parent.push(this.stack.at(-1) ?? 0);
    scopes.call.push(call);
    scopes.parameters.push([]);
    this.stack.push(scopes.training.push(true) - 1);
    const result = body();
    this.stack.pop();
    return result;
  }

  /** A module whose body is one operation with a weight. */
  layer(path: string, type: string, operation: string, source: Source, shape = [8, 16]): number {
    return this.module(path, type, () => {
      const weight = this.parameter(`${path}.weight`, [16, 16]);
      this.answer.scopes.parameters.at(-1)?.push(weight);
      return this.operation(operation, [source], shape, [weight]);
    });
  }

  parameter(name: string, shape: number[]): number {
    const type = this.type(shape);
    return this.answer.parameters.push({ name, aliases: [], type, frozen: false, buffer: false }) - 1;
  }

  build(): GraphAnswer {
    return this.answer;
  }
}

/** Two stages of residual blocks, the first of each with a downsampling branch. */
export function resNet(blocks = 2): GraphAnswer {
  const graph = new GraphBuilder("ResNet");
  let x: Source = graph.layer("conv1", "Conv2d", "convolution", graph.input("x", [8, 3, 32, 32]));
  x = graph.layer("relu", "ReLU", "relu", x);
  for (const stage of [1, 2]) {
    const input: Source = x;
    x = graph.module(`layer${stage}`, "Sequential", () => {
      let y: Source = input;
      for (let block = 0; block < blocks; block += 1)
        y = residualBlock(graph, `layer${stage}.${block}`, y, block === 0);
      return y;
    });
  }
  const flat = graph.operation("view", [graph.operation("mean", [x])]);
  graph.output("logits", graph.layer("fc", "Linear", "addmm", flat));
  return graph.build();
}

function residualBlock(graph: GraphBuilder, path: string, input: Source, downsample: boolean): Source {
  return graph.module(path, "BasicBlock", () => {
    let y: Source = graph.layer(`${path}.conv1`, "Conv2d", "convolution", input);
    y = graph.layer(`${path}.bn1`, "BatchNorm2d", "native_batch_norm", y);
    y = graph.layer(`${path}.conv2`, "Conv2d", "convolution", y);
    const identity = downsample ? graph.layer(`${path}.downsample`, "Conv2d", "convolution", input) : input;
    return graph.operation("relu", [graph.operation("add", [y, identity])]);
  });
}

/** Blocks with q, k and v, two residuals each, and one mask that all of them read. */
export function transformer(blocks = 12): GraphAnswer {
  const graph = new GraphBuilder("GPT");
  const tokens = graph.input("idx");
  const mask = graph.input("mask");
  const embedded = graph.layer("wte", "Embedding", "embedding", tokens);
  const positions = graph.layer("wpe", "Embedding", "embedding", graph.operation("arange", []));
  let x: Source = graph.operation("add", [embedded, positions], [8, 128, 768]);
  for (let block = 0; block < blocks; block += 1) x = transformerBlock(graph, `h.${block}`, x, mask);
  graph.output("logits", graph.layer("ln_f", "LayerNorm", "native_layer_norm", x));
  return graph.build();
}

function transformerBlock(graph: GraphBuilder, path: string, input: Source, mask: Source): Source {
  const shape = [8, 128, 768];
  return graph.module(path, "Block", () => {
    const normed = graph.layer(`${path}.ln_1`, "LayerNorm", "native_layer_norm", input, shape);
    const attended = graph.module(`${path}.attn`, "Attention", () => {
      const heads = ["q", "k", "v"].map((name) =>
        graph.layer(`${path}.attn.${name}`, "Linear", "addmm", normed, shape),
      );
      const views = heads.map((head) => graph.operation("transpose", [graph.operation("view", [head], shape)], shape));
      const mixed = graph.operation("scaled_dot_product_attention", [...views, mask], shape);
      return graph.layer(`${path}.attn.proj`, "Linear", "addmm", mixed, shape);
    });
    const x = graph.operation("add", [input, attended], shape);
    const normedAgain = graph.layer(`${path}.ln_2`, "LayerNorm", "native_layer_norm", x, shape);
    const fed = graph.module(`${path}.mlp`, "MLP", () => {
      const wide = graph.layer(`${path}.mlp.fc`, "Linear", "addmm", normedAgain, shape);
      return graph.layer(`${path}.mlp.proj`, "Linear", "addmm", graph.operation("gelu", [wide], shape), shape);
    });
    return graph.operation("add", [x, fed], shape);
  });
}

/** One operation after the other in one module. */
export function chain(length: number): GraphAnswer {
  const graph = new GraphBuilder("Chain");
  let x = graph.input("x");
  for (let layer = 0; layer < length; layer += 1) x = graph.layer(`layer${layer}`, "Linear", "addmm", x);
  graph.output("y", x);
  return graph.build();
}

/** Modules within modules, `depth` levels of them. */
export function nest(depth: number): GraphAnswer {
  const graph = new GraphBuilder("Nest");
  const x = graph.input("x");
  const { scopes } = graph.build();
  const path = Array.from({ length: depth }, (_, level) => `m${level}`);
  path.forEach((_, level) => {
    scopes.path.push(path.slice(0, level + 1).join("."));
    scopes.type.push("Nested");
    scopes.parent.push(level);
    scopes.call.push(0);
    scopes.parameters.push([]);
    scopes.training.push(true);
  });
  const operation = graph.operation("relu", [x]);
  graph.build().operations.scope[operation] = depth;
  graph.output("y", operation);
  return graph.build();
}

/** Operations in one module, each reading up to `fanIn` of the earlier ones: no structure at all. */
export function tangle(operations: number, fanIn: number, seed = 1): GraphAnswer {
  const graph = new GraphBuilder("Tangle");
  const random = generator(seed);
  const values: Source[] = [graph.input("x")];
  for (let index = 0; index < operations; index += 1) {
    const recent = Array.from({ length: fanIn }, () => values[Math.floor(random() * values.length)] ?? null);
    values.push(graph.operation("mul", [values.at(-1) ?? null, ...recent]));
  }
  graph.output("y", values.at(-1) ?? null);
  return graph.build();
}

/** A linear congruential generator of numbers in [0, 1): the same ones in each run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
