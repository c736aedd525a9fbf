// Chooses the store of a dataset. In: its address, a folder or `s3://…`. Out: the store.
import { FxtapeError } from '@fxtape/ops';
import { FolderStore } from './folder-store.ts';
import { parseS3Address } from './s3-address.ts';
import type { S3StoreOptions } from './s3-store.ts';
import type { Store } from './store.ts';

/** Contacts no server and creates nothing yet. @throws DATASET_ADDRESS_INVALID */
export async function openStore(address: string, options: S3StoreOptions = {}): Promise<Store> {
  if (/^s3:\/\//i.test(address)) {
    // The SDK takes a second to load, and only buckets need it.
    const { S3Store } = await import('./s3-store.ts');
    return S3Store.open(parseS3Address(address), options);
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1];
  if (address !== '' && scheme === undefined) return new FolderStore(address);
  throw new FxtapeError({
    code: 'DATASET_ADDRESS_INVALID',
    message: address === '' ? 'the address of the dataset is empty' : `a dataset cannot be at ${scheme}://`,
  });
}
