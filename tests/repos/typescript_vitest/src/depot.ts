export class Depot {
  private parcels: string[] = [];

  put(parcel: string): number {
    return this.parcels.push(parcel);
  }

  get size(): number {
    return this.parcels.length;
  }
}

export const depot = new Depot();

export function weigh(...weights: number[]): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
}
