package storage

// ReadsPast reports whether a range would be read past the cache.
func ReadsPast(o *Once, off int64, n int) bool {
	return o.direct != nil && !o.off.Load() && !cached(o.file, off, n)
}
