package hub

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/storage"
)

// MaterializeOptions are the choices of [Materialize]. The zero value, and nil, take
// the cheapest way that works.
type MaterializeOptions struct {
	// Independent makes files that may be written to: never hard links, through
	// which the bytes in the cache would be changed.
	Independent bool
}

// Materialize makes real files of what the cache has as links: of a package, a
// whole snapshot, or one file. It clones where the file system can do that, else
// makes hard links, else copies; only the last takes time and space. Programs that
// do not follow links, as Core ML's compiler may, read what comes of it.
//
// Links may lead to files in src and in the cache that src lies in; any other is
// an error, and so is one to a folder. The folder of dst must exist; dst appears
// when it is whole, also where several processes make it at once. What is at dst
// already stays: it is an error that is fs.ErrExist, unless it is just what would
// have been made, which is known by names, sizes and times.
func Materialize(ctx context.Context, src, dst string, o *MaterializeOptions) error {
	if o == nil {
		o = &MaterializeOptions{}
	}
	if err := cache.Materialize(ctx, src, dst, o.Independent); err != nil {
		return fmt.Errorf("hub: %w", fromCache(err, ""))
	}
	return nil
}

// IsLinked says whether src is a link, or a folder that has one in it: whether it
// takes [Materialize] to make real files of it.
func IsLinked(ctx context.Context, src string) (bool, error) {
	linked, err := storage.HasLinks(ctx, src)
	if err != nil {
		return false, fmt.Errorf("hub: %w", err)
	}
	return linked, nil
}
