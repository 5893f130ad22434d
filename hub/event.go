package hub

import (
	"sync"
	"time"
)

// EventKind says what an [Event] tells of.
type EventKind int

// What can happen, in the order in which it does for one file.
const (
	// Listed comes once: the files of the snapshot are known. Files and Bytes say
	// how many there are.
	Listed EventKind = iota

	// FileWaiting comes when another process, or another file of the same content, is
	// being downloaded: what comes of it is waited for.
	FileWaiting

	// FileStarted comes when a file's body is asked for.
	FileStarted

	// FileResumed comes when a download goes on behind bytes that were there
	// already, Done of them.
	FileResumed

	// FileProgress comes at most ten times a second for a file while its bytes arrive.
	FileProgress

	// FileRetried comes when a request failed, for the reason Err, and another
	// one will be made after Wait. Done may have gone back to 0. File is "" for a
	// question about the repository as a whole.
	FileRetried

	// CacheAnswers comes when the hub could not be asked, for the reason Err, or
	// refused to answer, and what the cache has is taken in place of it. It may be older
	// than what the hub has. File is "" for a snapshot or a package as a whole.
	CacheAnswers

	// FileCached comes in place of the others for a file that need not be fetched.
	FileCached

	// FileDone comes when the file is there, every byte of it checked.
	FileDone

	// FileFailed comes when the file was given up, for the reason Err. That is
	// context.Canceled where it was stopped, by the caller or because another file has
	// failed.
	FileFailed

	// Done comes last, after every file's own events, when all went well.
	Done
)

// eventKinds are the names of the kinds.
var eventKinds = [...]string{
	Listed: "listed", FileWaiting: "waiting", FileStarted: "started", FileResumed: "resumed", FileProgress: "progress",
	FileRetried: "retried", CacheAnswers: "cache answers", FileCached: "cached", FileDone: "done", FileFailed: "failed", Done: "all done",
}

// String returns a word for it.
func (k EventKind) String() string {
	if k < 0 || int(k) >= len(eventKinds) {
		return "unknown"
	}
	return eventKinds[k]
}

// Event is one step of a download, for [SnapshotOptions] and [DownloadOptions].
type Event struct {
	// Kind says what happened.
	Kind EventKind

	// File is the path in the repository that it happened to, "" for what happens to
	// all of them. It is foreign text: escape it before it goes to a terminal.
	File string

	// Done and Size are the bytes of File that are there and that it has. Size is
	// -1 as long as the hub has not said it.
	Done, Size int64

	// FilesDone and Files count the files that are there and that were asked for.
	FilesDone, Files int

	// BytesDone and Bytes are the same in bytes. They count each path, also where
	// two share their content.
	BytesDone, Bytes int64

	// Attempt is the number of the request that failed, from 1, for FileRetried.
	Attempt int

	// Wait is the time until the next one, for FileRetried.
	Wait time.Duration

	// Err is the reason, for FileRetried, CacheAnswers and FileFailed.
	Err error
}

// progressEvery is the shortest time between two FileProgress of one file.
const progressEvery = 100 * time.Millisecond

// reporter hands events to the caller's function, one at a time, and keeps the
// totals that they carry. A nil function makes it do nothing.
type reporter struct {
	f func(Event)

	mu    sync.Mutex
	total Event // Files, FilesDone, Bytes, BytesDone
	at    map[string]int64
	ended map[string]bool // files that FilesDone has counted
}

// newReporter makes a reporter for files that are known by name and size.
func newReporter(f func(Event)) *reporter {
	return &reporter{f: f, at: map[string]int64{}, ended: map[string]bool{}}
}

// listed says that files are expected. It comes first.
func (r *reporter) listed(files int, bytes int64) {
	if r.f == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total.Files, r.total.Bytes = files, bytes
	r.send(Event{Kind: Listed})
}

// file hands on an event of a file.
func (r *reporter) file(e Event) {
	if r.f == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total.BytesDone += e.Done - r.at[e.File]
	r.at[e.File] = e.Done
	if (e.Kind == FileDone || e.Kind == FileCached) && !r.ended[e.File] {
		r.ended[e.File] = true
		r.total.FilesDone++
	}
	r.send(e)
}

// instead says that the cache answers, and why.
func (r *reporter) instead(file string, err error) {
	if r.f == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.send(Event{Kind: CacheAnswers, File: file, Size: -1, Err: err})
}

// done says that all is there.
func (r *reporter) done() {
	if r.f == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.send(Event{Kind: Done})
}

// send adds the totals. The lock is held, so calls never overlap.
func (r *reporter) send(e Event) {
	e.Files, e.FilesDone = r.total.Files, r.total.FilesDone
	e.Bytes, e.BytesDone = r.total.Bytes, r.total.BytesDone
	r.f(e)
}
