// Package grammars keeps compiled grammars, with the masks that they have learned, for those
// who are asked for the same ones again and again: the server and the adapters to other
// frameworks for the schemas of requests, a generator for the calls of functions.
package grammars

import (
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/gocoreml/coreml/generate/grammar"
)

// DefaultLimit is how many bytes the grammars of a cache may take where Cache.Limit says
// nothing.
const DefaultLimit = 256 << 20

// mostCompiling is how many grammars are compiled at once: one that is being compiled may take
// 64 MiB that are not yet counted.
const mostCompiling = 2

// mostWaiting is how many may wait while there is no room: each has all that its request sent.
const mostWaiting = 64

// ErrFull means that there is no room for a new grammar, and that as many wait for some as may.
var ErrFull = errors.New("there is no room for another grammar, and as many requests wait for some as may")

// entrySize is about what an entry takes besides its grammar.
const entrySize = 512

// Cache makes grammars and keeps those that were used last. The zero value is ready, and safe
// for concurrent use.
//
// The grammars that nobody uses are dropped, the least recently used first, where all take more
// than Limit. One in use is never dropped, and a new one is not compiled before those in use
// take no more than Limit, but for who asks with [AtOnce]. As masks grow while a grammar is used,
// the memory can pass Limit by what the answers under way add to theirs; the next to come or to
// end counts it.
type Cache struct {
	// Limit is how many bytes the grammars may take, 0 for [DefaultLimit]. It is set before
	// the first use.
	Limit int64

	mu        sync.Mutex
	changed   sync.Cond // something was freed, or somebody has left
	entries   map[key]*entry
	made      map[*grammar.Grammar]*entry // those with a grammar, by it
	idle      list.List                   // entries without users, the last used first
	idleBytes int64                       // what they take
	compiling int
	waiting   int                 // who waits for a grammar to be made
	users     map[*entry]struct{} // entries with users
}

// key is the kind and the text of a grammar.
type key [sha256.Size]byte

// entry is a grammar, or what is to become one.
type entry struct {
	key   key
	made  chan struct{} // closed when there is a grammar or an error
	g     *grammar.Grammar
	err   error
	panic error         // what the making has panicked with
	now   bool          // it does not wait for room
	users int           // who has it or waits for it
	place *list.Element // in Cache.idle, nil where it has users
	bytes int64
}

// atOnce is the key of [AtOnce].
type atOnce struct{}

// AtOnce returns a context under which [Cache.Get] does not wait for room. It is for who holds
// something that those who use grammars may wait for, which would wait for each other.
func AtOnce(ctx context.Context) context.Context { return context.WithValue(ctx, atOnce{}, true) }

// Get returns the grammar of a text of some kind, which build makes if there is none: once for
// all who ask at the same time. Release says that the caller is done with it and may be called
// again. The end of the context ends the wait; what the others wait for goes on. An error is
// that of build, and is not kept, or [ErrFull]; a panic of build is one of the caller's.
func (c *Cache) Get(ctx context.Context, kind, text string, build func() (*grammar.Grammar, error)) (g *grammar.Grammar, release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, context.Cause(ctx)
	}
	now, _ := ctx.Value(atOnce{}).(bool)
	e := c.enter(sha256.Sum256([]byte(kind+"\x00"+text)), now, build)
	if e == nil {
		return nil, nil, ErrFull
	}
	defer c.stopWaiting()
	release = sync.OnceFunc(func() { c.leave(e) })
	select {
	case <-e.made:
	case <-ctx.Done():
		release()
		return nil, nil, context.Cause(ctx)
	}
	if e.g == nil {
		release()
		if e.panic != nil {
			panic(e.panic)
		}
		return nil, nil, e.err
	}
	return e.g, release, nil
}

// Hold says that a grammar of the cache is in use until release. One that is not, or no more, in
// the cache is left alone.
func (c *Cache) Hold(g *grammar.Grammar) (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.made[g]
	if e == nil {
		return func() {}
	}
	c.join(e)
	return sync.OnceFunc(func() { c.leave(e) })
}

// enter returns the entry of a key with one user more, who waits until stopWaiting; nil where
// too many do.
func (c *Cache) enter(k key, now bool, build func() (*grammar.Grammar, error)) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries, c.users, c.made = map[key]*entry{}, map[*entry]struct{}{}, map[*grammar.Grammar]*entry{}
		c.changed.L = &c.mu
	}
	e := c.entries[k]
	if (e == nil || e.g == nil) && !now && c.waiting >= mostWaiting && c.inUse() > c.limit() {
		return nil
	}
	c.waiting++
	if e == nil {
		e = &entry{key: k, made: make(chan struct{})}
		c.entries[k] = e
		go c.compile(e, build)
	}
	if now && !e.now {
		e.now = true
		c.changed.Broadcast()
	}
	c.join(e)
	return e
}

// stopWaiting is the end of a wait for an entry.
func (c *Cache) stopWaiting() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting--
}

// join adds a user of an entry.
func (c *Cache) join(e *entry) {
	if e.place != nil {
		c.unsetIdle(e)
	}
	e.users++
	c.users[e] = struct{}{}
}

// leave is the end of a user of an entry.
func (c *Cache) leave(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.users--; e.users > 0 {
		return
	}
	delete(c.users, e)
	if e.g != nil {
		c.setIdle(e)
	}
	c.changed.Broadcast()
}

// compile makes the grammar of an entry, unless all who wait for it have left before it begins.
func (c *Cache) compile(e *entry, build func() (*grammar.Grammar, error)) {
	c.mu.Lock()
	for e.users > 0 && (c.compiling == mostCompiling || !e.now && c.inUse() > c.limit()) {
		c.changed.Wait()
	}
	if e.users == 0 {
		delete(c.entries, e.key)
		c.mu.Unlock()
		return
	}
	c.compiling++
	c.mu.Unlock()

	g, err, panicked := guarded(build)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.compiling--
	if e.g, e.err, e.panic = g, err, panicked; g == nil {
		delete(c.entries, e.key)
	} else if c.made[g] = e; e.users == 0 {
		c.setIdle(e)
	} else {
		c.trim()
	}
	close(e.made)
	c.changed.Broadcast()
}

// guarded runs build; a panic in it is to be the panic of those who wait.
func guarded(build func() (*grammar.Grammar, error)) (g *grammar.Grammar, err, panicked error) {
	defer func() {
		if p := recover(); p != nil {
			g, panicked = nil, fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	if g, err = build(); err != nil {
		g = nil
	}
	return g, err, nil
}

// count notes what an entry takes by now.
func (e *entry) count() {
	if e.g != nil {
		e.bytes = entrySize + e.g.Memory()
	}
}

func (c *Cache) limit() int64 {
	if c.Limit > 0 {
		return c.Limit
	}
	return DefaultLimit
}

// inUse returns what the grammars take that somebody uses.
func (c *Cache) inUse() (bytes int64) {
	for e := range c.users {
		e.count()
		bytes += e.bytes
	}
	return bytes
}

// setIdle makes an entry one that nobody uses.
func (c *Cache) setIdle(e *entry) {
	e.count()
	e.place = c.idle.PushFront(e)
	c.idleBytes += e.bytes
	c.trim()
}

// unsetIdle is the opposite of setIdle.
func (c *Cache) unsetIdle(e *entry) {
	c.idle.Remove(e.place)
	e.place = nil
	c.idleBytes -= e.bytes
}

// trim drops grammars that nobody uses until there is room for all.
func (c *Cache) trim() {
	most := c.limit() - c.inUse()
	for c.idleBytes > most && c.idle.Len() > 0 {
		e, _ := c.idle.Back().Value.(*entry)
		c.unsetIdle(e)
		delete(c.entries, e.key)
		delete(c.made, e.g)
	}
}
