package generate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
)

// setData notes what there is of an entry in memory. The caller has the mutex.
func (s *Sessions) setData(e *sessionEntry, data []byte) {
	s.stats.Bytes += int64(len(data)) - e.bytes
	e.data, e.bytes = data, int64(len(data))
}

// pick takes the entry of a kind that has rested for the longest time, where there are too
// many: of which it tells the number. It is nil where none is to be moved, or all are in
// use. The caller gives it back with release.
func (s *Sessions) pick(of func(*sessionEntry) bool, tooMany func(n int) bool) *sessionEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var resting []*sessionEntry
	for _, e := range s.entries {
		if e.waiting == 0 && of(e) {
			resting = append(resting, e)
		}
	}
	if len(resting) == 0 || !tooMany(len(resting)) {
		return nil
	}
	e := slices.MinFunc(resting, func(a, b *sessionEntry) int { return cmp.Compare(a.used, b.used) })
	e.lock <- struct{}{} // nobody waits for it
	e.waiting++
	return e
}

// release gives back an entry that pick has taken.
func (s *Sessions) release(e *sessionEntry) {
	s.mu.Lock()
	<-e.lock
	s.leave(e)
	s.mu.Unlock()
}

// shrink moves the sessions that there is no room for.
func (s *Sessions) shrink() {
	for {
		wanted := s.g.pool.waits()
		if e := s.pick(isLive, func(n int) bool { return wanted || n > s.c.MaxLive || n+s.using > s.states }); e != nil {
			s.park(e)
			continue
		}
		if e := s.pick(func(e *sessionEntry) bool { return e.bytes > 0 }, func(int) bool { return s.stats.Bytes > s.c.MaxBytes }); e != nil {
			s.evict(e)
			continue
		}
		full := func(int) bool { return s.c.MaxDiskBytes > 0 && s.stats.DiskBytes > s.c.MaxDiskBytes }
		e := s.pick(func(e *sessionEntry) bool { return e.onDisk > 0 }, full)
		if e == nil {
			return
		}
		s.forget(e)
	}
}

func isLive(e *sessionEntry) bool { return e.live }

// giveUp takes the state of a session that rests, for somebody who waits for one, and
// reports whether there was any.
func (s *Sessions) giveUp() bool {
	e := s.pick(isLive, func(int) bool { return true })
	if e != nil {
		s.park(e)
	}
	return e != nil
}

// park takes the state from a session that rests and keeps it as Save writes it. What
// cannot be written, for its pictures, keeps its messages and reads them again.
func (s *Sessions) park(e *sessionEntry) {
	defer s.release(e)
	var data bytes.Buffer
	err := e.session.save(context.Background(), &data)
	if err == nil && e.session.seq != nil {
		e.session.seq.spoil() // what it holds is kept already
	}
	_ = e.session.Close() // the state is free, whatever the model says
	s.mu.Lock()
	defer s.mu.Unlock()
	e.live = false
	if err == nil {
		e.session = nil
		s.setData(e, data.Bytes())
	}
}

// evict moves a session from memory to a file.
func (s *Sessions) evict(e *sessionEntry) {
	defer s.release(e)
	written := s.c.Dir != "" && s.writeData(context.Background(), e) == nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setData(e, nil)
	if written {
		s.stats.Evicted++
	} else {
		s.stats.Forgotten++
	}
}

// forget deletes the file of a session.
func (s *Sessions) forget(e *sessionEntry) {
	defer s.release(e)
	_ = s.removeFile(e) // it counts no more, be it gone or not
	if e.session == nil && e.data == nil {
		s.mu.Lock()
		s.stats.Forgotten++
		s.mu.Unlock()
	}
}

// Close writes all sessions to the folder, if there is one, and gives their states back. It
// waits for those in use, or until ctx ends: what was not reached by then is closed without
// being written. A nil ctx never ends. Closing closed Sessions does nothing.
func (s *Sessions) Close(ctx context.Context) error {
	if s == nil || s.g == nil {
		return nil
	}
	ctx = background(ctx)
	s.mu.Lock()
	var list []*sessionEntry
	if !s.closed {
		for _, e := range s.entries {
			e.waiting++
			list = append(list, e)
		}
	}
	s.closed = true
	s.mu.Unlock()
	s.g.pool.mu.Lock()
	s.g.pool.keepers = slices.DeleteFunc(s.g.pool.keepers, func(k *Sessions) bool { return k == s })
	s.g.pool.mu.Unlock()
	var errs []error
	for _, e := range list {
		select {
		case e.lock <- struct{}{}:
			errs = append(errs, s.finish(ctx, e))
			s.release(e)
		case <-ctx.Done():
			errs = append(errs, ctx.Err())
		}
	}
	return prefixed(errors.Join(slices.Compact(errs)...))
}

// finish writes a session and closes it.
func (s *Sessions) finish(ctx context.Context, e *sessionEntry) error {
	session := e.session // which the entry has until it is written: what is in the folder is compared with it
	var err error
	switch {
	case s.c.Dir == "":
	case session != nil:
		e.generation = session.generation
		err = s.write(ctx, e, func(w io.Writer) error { return session.save(ctx, w) })
	case e.data != nil:
		err = s.writeData(ctx, e)
	}
	s.mu.Lock()
	e.session, e.live = nil, false
	s.setData(e, nil)
	s.mu.Unlock()
	return errors.Join(err, session.Close())
}

// hasState reports whether the session holds a state. Nobody uses it meanwhile.
func (s *Session) hasState() bool { return s.seq != nil && !s.seq.isClosed() }
