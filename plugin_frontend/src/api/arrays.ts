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

export type ElementType = keyof typeof CONSTRUCTORS;
export type Elements = Float32Array | Float64Array | Uint8Array | Int32Array;
type Header = Record<string, unknown>;

export interface NamedArray {
  name: string;
  dtype: ElementType;
  shape: readonly number[];
  /** Where the fresh steps lie: an axis, or the bins of all of them, or the starts of these. Absent: it is whole. */
  along?: number | "bins" | "starts";
  elements: Elements;
}

/** An array of zeros. */
export function newElements(dtype: ElementType, length: number): Elements {
  return new CONSTRUCTORS[dtype](length);
}

/** A decoded answer: the header's own fields, and arrays by name. */
export class ArraysAnswer {
  constructor(
    readonly header: Header,
    readonly arrays: ReadonlyMap<string, NamedArray>,
  ) {}

  /** The arrays are views into the buffer. */
  static decode(buffer: ArrayBuffer): ArraysAnswer {
    const prefix = new DataView(buffer);
    const magic = String.fromCharCode(...new Uint8Array(buffer, 0, 4));
    const version = prefix.getUint32(4, true);
    if (magic !== MAGIC || version !== VERSION) {
      throw new Error(`the answer is not in arrays format ${VERSION}: reload the page`);
    }
    const headerBytes = prefix.getUint32(8, true);
    const start = PREFIX_BYTES + headerBytes;
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, PREFIX_BYTES, headerBytes))) as Header;
    const entries = header.arrays as (NamedArray & { offset: number })[];
    const arrays = entries.map((entry) => {
      const elements = new CONSTRUCTORS[entry.dtype](buffer, start + entry.offset, lengthOf(entry.shape));
      return [entry.name, { ...entry, elements }] as const;
    });
    return new ArraysAnswer(header, new Map(arrays));
  }

  /** Of all arrays together. */
  get bytes(): number {
    let sum = 0;
    for (const { elements } of this.arrays.values()) sum += elements.byteLength;
    return sum;
  }

  float64(name: string): Float64Array {
    return this.#elements(name, "float64") as Float64Array;
  }

  int32(name: string): Int32Array {
    return this.#elements(name, "int32") as Int32Array;
  }

  #elements(name: string, dtype: ElementType): Elements {
    const found = this.arrays.get(name);
    if (found?.dtype !== dtype) throw new Error(`the answer has no ${dtype} array "${name}"`);
    return found.elements;
  }
}

export const lengthOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
