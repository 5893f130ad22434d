// Package cache keeps the folder that Python's huggingface_hub keeps its downloads
// in. Both may use one folder at the same time: names, links, modes and contents
// are those that version 2.4.0 writes, and the lock files are the same.
//
// It knows files, not HTTP: who downloads asks it for a name's place, writes a
// [Partial] while holding a [Lock], and links it into a snapshot. A blob is never
// opened for writing, because it may be a link into a store that other
// repositories share: it is replaced by a rename, or left alone.
//
// Names come from a hub, and links from whoever could write to the folder. Names
// are checked before they become paths, and every path below the folder is taken
// through an [os.Root], so that nothing outside is read or written whatever lies
// inside. A link that leads out is an error.
package cache
