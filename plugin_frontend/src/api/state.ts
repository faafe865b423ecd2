// What a number is: the values of the `state` arrays. Constants of a module, so that the build puts numbers in their place.

export const finite = 0;
export const zero = 1;
export const posInf = 2;
export const negInf = 3;
export const nan = 4;
export const noGradient = 5;
export const frozen = 6;
export const unsupported = 7;
export const missing = 8;
