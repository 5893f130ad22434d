package generate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// SessionsConfig says how [Sessions] are kept. A nil one is the zero value.
type SessionsConfig struct {
	// New makes the session of a name that is not known. Nil means an empty conversation,
	// as of [Generator.NewSession].
	New func(ctx context.Context, name string) (*Session, error)
	// Options are those of which Function and Adapters count when a session is restored
	// ([Generator.RestoreSession]).
	Options *Options
	// Dir is the folder, which has to exist, that sessions are written to when memory is
	// full and when Sessions is closed. Those that lie there from an earlier time, or from
	// another process that shares the folder, are found by their names. Empty means that what does not fit is forgotten.
	Dir string
	// SaveEachTurn writes a session to Dir at the end of each [Sessions.Do] that has changed
	// it, so that another process can go on with it should this one be killed. Do then takes
	// longer by the writing of what the session holds. Sessions with pictures are not written.
	SaveEachTurn bool
	// MaxLive is the number of sessions that keep their state between turns. 0 means all
	// states of the generator but one, and -1 none. A session that is waited for takes the
	// state of the one that has not been used for the longest time.
	MaxLive int
	// MaxBytes bounds the sessions that wait in memory without a state, in the form of
	// [Session.Save]; 0 means 256 MiB. A larger session than that is written at once.
	MaxBytes int64
	// MaxDiskBytes bounds the files; the ones that have not been used for the longest time
	// are deleted. 0 means no bound.
	MaxDiskBytes int64
}

// defaultSessionBytes is what MaxBytes is without one.
const defaultSessionBytes = 256 << 20

// Sessions keeps conversations by name, more than there are states: those that rest give
// their states to others, wait in memory as far as there is room, and go to files after
// that, the ones first that have not been used for the longest time. A conversation goes
// on with the same tokens wherever it was. Sessions is safe for concurrent use.
type Sessions struct {
	g      *Generator
	c      SessionsConfig
	states int

	mu      sync.Mutex
	entries map[string]*sessionEntry // by the name of the file
	clock   uint64
	closed  bool
	stats   SessionsStats
	using   int // sessions that hold a state, or are about to, in a call of Do
}

// SessionsStats counts what [Sessions] has.
type SessionsStats struct {
	// Live are the sessions with a state, Waiting those in memory without one, of Bytes in
	// all, and Files those that are known to lie in the folder, of DiskBytes.
	Live, Waiting, Files int
	Bytes, DiskBytes     int64
	// Evicted counts the sessions that went from memory to a file, Restored those that
	// came back from either, and Forgotten those that there was no room for.
	Evicted, Restored, Forgotten int
	// Superseded counts the times that another process was found to have gone on with a
	// session, whose file was taken in place of what was here.
	Superseded int
	// Err is the last error of writing a file, nil where there was none.
	Err error
}

// sessionEntry is one session, wherever it is.
type sessionEntry struct {
	key  string
	lock chan struct{} // has an element while a call uses the entry
	// What follows belongs to whoever holds the lock; sizes and used are read with the mutex
	// of Sessions as well, and written with both.
	session *Session // with or without a state
	live    bool     // it has one
	data    []byte   // as Save wrote it
	bytes   int64    // of data
	onDisk  int64    // the size of the file, 0 for none
	// file is the file as it was last read or written here, nil where it was not, and saved
	// the generation in it; generation is that of session and data.
	file              fs.FileInfo
	saved, generation uint64
	used              uint64
	waiting           int // calls that hold the lock or wait for it
}

// NewSessions returns an empty keeper of sessions, or one with those that lie in its folder.
// A nil cfg is the zero [SessionsConfig].
func (g *Generator) NewSessions(cfg *SessionsConfig) (*Sessions, error) {
	g = g.made()
	c := valueOr(cfg, SessionsConfig{})
	if err := g.check(); err != nil {
		return nil, prefixed(fmt.Errorf("sessions: %w", err))
	}
	s := &Sessions{g: g, c: c, states: g.pool.most(g.bound), entries: map[string]*sessionEntry{}}
	switch {
	case c.MaxLive < -1:
		return nil, prefixed(configErrorf("MaxLive", "is %d, want 1 or more, 0 for all states but one, or -1 for none", c.MaxLive))
	case c.SaveEachTurn && c.Dir == "":
		return nil, prefixed(configErrorf("SaveEachTurn", "is true without a Dir"))
	case c.MaxLive == 0:
		s.c.MaxLive = s.states - 1
	}
	s.c.MaxLive = min(max(s.c.MaxLive, 0), s.states)
	if c.MaxBytes < 0 || c.MaxDiskBytes < 0 {
		return nil, prefixed(configErrorf("MaxBytes", "and MaxDiskBytes are %d and %d, want 0 or more", c.MaxBytes, c.MaxDiskBytes))
	}
	if c.MaxBytes == 0 {
		s.c.MaxBytes = defaultSessionBytes
	}
	if c.New == nil {
		s.c.New = func(context.Context, string) (*Session, error) { return g.NewSession() }
	}
	if err := s.scan(); err != nil {
		return nil, prefixed(fmt.Errorf("sessions: %w", err))
	}
	g.pool.mu.Lock()
	g.pool.keepers = append(g.pool.keepers, s)
	g.pool.mu.Unlock()
	return s, nil
}

// Do calls use with the session of a name, which no other call has meanwhile: a second one
// for the same name waits, or until ctx ends. The session is good until use returns, and
// whatever its error is, Do returns it. The session stays what use has made of it. A
// session that was saved with another model is refused with [ErrSavedMismatch]; Delete
// makes room for a new one. Use must not call Do for the same name, which would wait for
// itself. A nil ctx never ends.
func (s *Sessions) Do(ctx context.Context, name string, use func(*Session) error) error {
	if s == nil || s.g == nil {
		return prefixed(fmt.Errorf("sessions: %w", ErrClosed))
	}
	if use == nil {
		return prefixed(configErrorf("use", "is nil"))
	}
	ctx = background(ctx)
	e, err := s.take(ctx, fileOf(name))
	if err != nil {
		return prefixed(fmt.Errorf("sessions: %w", err))
	}
	defer s.put(e)
	s.makeRoom()
	defer s.countUse(-1)
	if err := s.wake(ctx, e, name); err != nil {
		return prefixed(fmt.Errorf("sessions: %w", err))
	}
	err = use(e.session)
	if e.generation = e.session.generation; s.c.SaveEachTurn {
		s.saveTurn(context.WithoutCancel(ctx), e)
	}
	return err
}

// take waits for the entry of a name, which is made where there is none.
func (s *Sessions) take(ctx context.Context, key string) (*sessionEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	e := s.entries[key]
	if e == nil {
		e = &sessionEntry{key: key, lock: make(chan struct{}, 1)}
		s.entries[key] = e
	}
	e.waiting++
	s.mu.Unlock()
	select {
	case e.lock <- struct{}{}:
	case <-ctx.Done():
		s.mu.Lock()
		s.leave(e)
		s.mu.Unlock()
		return nil, ctx.Err()
	}
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed { // while this call waited
		s.release(e)
		return nil, ErrClosed
	}
	return e, nil
}

// leave counts a call less for an entry, and forgets one that is nothing. The caller has
// the mutex.
func (s *Sessions) leave(e *sessionEntry) {
	if e.waiting--; e.waiting == 0 && e.session == nil && e.data == nil && e.onDisk == 0 {
		delete(s.entries, e.key)
	}
}

// put ends the use of an entry and moves what there is no room for.
func (s *Sessions) put(e *sessionEntry) {
	s.mu.Lock()
	s.clock++
	e.used = s.clock
	if e.live = e.session != nil && e.session.hasState(); e.session != nil {
		e.generation = e.session.generation // a panic may have ended the use of it
	}
	<-e.lock
	s.leave(e)
	s.mu.Unlock()
	s.shrink()
}

// countUse counts calls that need a state.
func (s *Sessions) countUse(n int) {
	s.mu.Lock()
	s.using += n
	s.mu.Unlock()
}

// makeRoom counts this call and takes states from sessions that rest where the generator
// has not enough of them.
func (s *Sessions) makeRoom() {
	s.countUse(1)
	live := func(e *sessionEntry) bool { return e.live }
	tooMany := func(n int) bool { return n+s.using > s.states }
	for e := s.pick(live, tooMany); e != nil; e = s.pick(live, tooMany) {
		s.park(e)
	}
}

// wake makes the entry's session.
func (s *Sessions) wake(ctx context.Context, e *sessionEntry, name string) (err error) {
	if err := s.look(e); err != nil || e.session != nil {
		return err
	}
	var made *Session
	switch {
	case e.data != nil:
		made, err = s.g.restoreSession(ctx, bytes.NewReader(e.data), s.c.Options)
	case e.onDisk > 0:
		made, err = s.g.restoreFile(ctx, s.path(e), s.c.Options)
		if errors.Is(err, fs.ErrNotExist) { // somebody has taken it away
			s.setDisk(e, nil)
			made, err = s.c.New(ctx, name)
		}
	default:
		made, err = s.c.New(ctx, name)
		if err == nil && (made == nil || made.g != s.g) {
			err = configErrorf("New", "returned a session of another generator, or none")
		}
		e.session = made
		return err
	}
	if err != nil {
		return err
	}
	if e.session = made; e.data == nil {
		e.saved = made.generation
	}
	s.mu.Lock()
	s.stats.Restored++
	s.setData(e, nil)
	s.mu.Unlock()
	return nil
}

// Delete forgets the session of a name, its file with it. It waits for a call that uses it,
// or until ctx ends. A name that is not known is no error. A nil ctx never ends.
func (s *Sessions) Delete(ctx context.Context, name string) error {
	if s == nil || s.g == nil {
		return prefixed(fmt.Errorf("sessions: %w", ErrClosed))
	}
	e, err := s.take(background(ctx), fileOf(name))
	if err != nil {
		return prefixed(fmt.Errorf("delete session: %w", err))
	}
	defer s.put(e)
	s.mu.Lock()
	s.setData(e, nil)
	s.mu.Unlock()
	session := e.session
	e.session = nil
	err = errors.Join(session.Close(), s.removeFile(e))
	return prefixed(err)
}

// Stats returns what there is.
func (s *Sessions) Stats() SessionsStats {
	if s == nil || s.g == nil {
		return SessionsStats{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	for _, e := range s.entries {
		switch {
		case e.live:
			st.Live++
		case e.bytes > 0:
			st.Waiting++
		}
		if e.onDisk > 0 {
			st.Files++
		}
	}
	return st
}
