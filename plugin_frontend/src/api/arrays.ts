// The arrays format of http_api.md: a JSON header and typed arrays behind it.

const MAGIC = "TVZA";
const VERSION = 1;
const PREFIX_BYTES = 16;

const CONSTRUCTORS = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  int32: Int32Array,
} as const;

type ElementType = keyof typeof CONSTRUCTORS;
type Header = Record<string, unknown>;

interface ArrayEntry {
  name: string;
  dtype: ElementType;
  shape: number[];
  offset: number;
}

/** A decoded answer: the header's own fields, and arrays by name, as views into one buffer. */
export class ArraysAnswer {
  readonly header: Header;
  private readonly entries: Map<string, ArrayEntry>;
  private readonly start: number;

  constructor(private readonly buffer: ArrayBuffer) {
    const prefix = new DataView(buffer);
    const magic = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
    const version = prefix.getUint32(4, true);
    if (magic !== MAGIC || version !== VERSION) {
      throw new Error(`the answer is not in arrays format ${VERSION}: reload the page`);
    }
    const headerBytes = prefix.getUint32(8, true);
    this.start = PREFIX_BYTES + headerBytes;
    this.header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, PREFIX_BYTES, headerBytes)));
    const entries = this.header.arrays as ArrayEntry[];
    this.entries = new Map(entries.map((entry) => [entry.name, entry]));
  }

  float32(name: string): Float32Array {
    return this.view(name, "float32") as Float32Array;
  }

  float64(name: string): Float64Array {
    return this.view(name, "float64") as Float64Array;
  }

  int32(name: string): Int32Array {
    return this.view(name, "int32") as Int32Array;
  }

  uint8(name: string): Uint8Array {
    return this.view(name, "uint8") as Uint8Array;
  }

  private view(name: string, dtype: ElementType) {
    const entry = this.entries.get(name);
    if (!entry || entry.dtype !== dtype) {
      throw new Error(`the answer has no ${dtype} array "${name}"`);
    }
    const length = entry.shape.reduce((product, size) => product * size, 1);
    return new CONSTRUCTORS[dtype](this.buffer, this.start + entry.offset, length);
  }
}
