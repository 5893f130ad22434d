package generate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// Several processes may share the folder of their sessions, each going on with what another
// has written. A file is replaced as a whole, so that nobody reads a half of it. Who is about to
// use or to write a session looks whether somebody else has written it since, and leaves the newer one:
// that of more changes. Two that write at the same moment may both find nothing new; then the last one's
// file stays, as a whole.

// sessionSuffix is the ending of the files of sessions.
const sessionSuffix = ".session"

// fileOf returns the name of a session's file. Whatever the session is called, the file
// lies in the folder, and no two share one.
func fileOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:]) + sessionSuffix
}

// path returns the place of an entry's file.
func (s *Sessions) path(e *sessionEntry) string { return filepath.Join(s.c.Dir, e.key) }

// scan finds the files of an earlier time, the oldest first.
func (s *Sessions) scan() error {
	if s.c.Dir == "" {
		return nil
	}
	list, err := os.ReadDir(s.c.Dir)
	if err != nil {
		return err
	}
	var infos []fs.FileInfo
	for _, f := range list {
		key, ok := strings.CutSuffix(f.Name(), sessionSuffix)
		if info, err := f.Info(); ok && err == nil && len(key) == 2*sha256.Size && info.Mode().IsRegular() && info.Size() > 0 {
			infos = append(infos, info)
		}
	}
	slices.SortStableFunc(infos, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range infos {
		s.clock++
		s.entries[info.Name()] = &sessionEntry{key: info.Name(), lock: make(chan struct{}, 1), onDisk: info.Size(), used: s.clock}
		s.stats.DiskBytes += info.Size()
	}
	return nil
}

// setDisk notes the file of an entry, nil for none.
func (s *Sessions) setDisk(e *sessionEntry, file fs.FileInfo) {
	size := int64(0)
	if file != nil {
		size = file.Size()
	}
	s.mu.Lock()
	s.stats.DiskBytes += size - e.onDisk
	e.file, e.onDisk = file, size
	s.mu.Unlock()
}

// look takes notice of what another process has done with an entry's file since it was
// read or written here. Where that has gone on with the session, what is here is dropped.
func (s *Sessions) look(e *sessionEntry) error {
	if s.c.Dir == "" {
		return nil
	}
	file, newer, err := s.changed(e)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.setDisk(e, nil)
		return nil
	case err != nil || file == nil:
		return err
	case e.session == nil && e.data == nil:
		s.setDisk(e, file)
		return nil
	case !newer:
		return nil
	}
	s.setDisk(e, file)
	session := e.session
	e.session = nil
	s.mu.Lock()
	s.setData(e, nil)
	s.stats.Superseded++
	s.mu.Unlock()
	return session.Close()
}

// changed returns the file of an entry where it is another one than was read or written
// here, and whether the session in it has gone on further than the one that is here.
func (s *Sessions) changed(e *sessionEntry) (file fs.FileInfo, newer bool, err error) {
	file, err = os.Stat(s.path(e))
	if err != nil {
		return nil, false, err
	}
	if old := e.file; old != nil && os.SameFile(old, file) && old.Size() == file.Size() && old.ModTime().Equal(file.ModTime()) {
		return nil, false, nil
	}
	if e.session == nil && e.data == nil {
		return file, true, nil
	}
	f, err := storage.Open(s.path(e))
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	in, err := openSaved(f)
	if err != nil || in.header.Session == nil {
		return file, false, nil //nolint:nilerr // what cannot be read is replaced
	}
	return file, in.header.Session.Generation > e.generation, nil
}

// write writes an entry to its file, unless that has it already or is newer.
func (s *Sessions) write(ctx context.Context, e *sessionEntry, save func(io.Writer) error) error {
	err := s.replace(ctx, e, save)
	if err != nil {
		s.mu.Lock()
		s.stats.Err = err
		s.mu.Unlock()
	}
	return err
}

func (s *Sessions) replace(ctx context.Context, e *sessionEntry, save func(io.Writer) error) error {
	file, newer, err := s.changed(e)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && file == nil && e.saved == e.generation:
		return nil
	case err == nil && file != nil && newer:
		s.mu.Lock()
		s.stats.Superseded++
		s.mu.Unlock()
		return nil
	}
	if err := storage.WriteFile(ctx, s.path(e), save); err != nil {
		return err
	}
	if file, err = os.Stat(s.path(e)); err != nil {
		return err
	}
	e.saved = e.generation
	s.setDisk(e, file)
	return nil
}

// writeData writes an entry that waits in memory.
func (s *Sessions) writeData(ctx context.Context, e *sessionEntry) error {
	return s.write(ctx, e, func(w io.Writer) error {
		_, err := w.Write(e.data)
		return err
	})
}

// saveTurn writes a session that a call has changed. What goes wrong is told by Stats: the
// answer was given all the same.
func (s *Sessions) saveTurn(ctx context.Context, e *sessionEntry) {
	if e.generation != e.saved && len(e.session.pictures) == 0 {
		_ = s.write(ctx, e, func(w io.Writer) error { return e.session.save(ctx, w) })
	}
}

// removeFile deletes the entry's file, whoever wrote it.
func (s *Sessions) removeFile(e *sessionEntry) error {
	if s.c.Dir == "" {
		return nil
	}
	s.setDisk(e, nil)
	if err := os.Remove(s.path(e)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
