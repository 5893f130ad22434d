// Package objc speaks to an Objective-C runtime without cgo: to Apple's on macOS
// and, so that every line can be tested elsewhere, to the GNU runtime on Linux.
// It is a thin layer over purego's core, and the only importer of purego.
//
// # What may be sent
//
// A message is sent by naming a [Method], and a Method is a row of the selector
// table (table_*.go), which no other package can make: [MLModel].NewState,
// [NSArray].Count. Rows carry the type encoding, who owns the result, whether an
// NSError is reported and the first macOS that has them. A test compares the
// table with Apple's own headers, and [Missing] compares it with the runtime
// that the program runs on. A send of a method that the runtime lacks is never
// made, because an unknown selector raises an exception that Go cannot catch: it
// gives 0, or [ErrUnavailable] where there is an error result.
//
// For the same reason everything else that raises must be checked by the caller
// first: index bounds, nil elements, names, shapes.
//
// # Memory
//
// An [ID] is borrowed: it is valid while something else owns the object, which
// for results of borrowed (+0) methods means until the innermost [WithPool]
// returns. An [Object] owns exactly one retain. Every send belongs inside
// WithPool; an ID leaves it only as an Object made by [Retain], [Adopt] or [New].
// A pool belongs to an OS thread: WithPool locks the goroutine to its thread, so
// its function must be short and must not wait for other goroutines, yield from
// an iterator or call code of the program's user.
//
//	err := objc.WithPoolError(func() error {
//		asset, err := objc.SendClassError(objc.MLModelAsset.WithURL, uintptr(objc.FileURL(path, true)))
//		if err != nil {
//			return err
//		}
//		kept = objc.Retain(asset)
//		return nil
//	})
//
// # Systems
//
// The table and the parsing of encodings build everywhere; what calls the
// runtime builds on macOS and Linux, on amd64 and arm64, whose calling
// conventions pass the table's types in general registers.
package objc
