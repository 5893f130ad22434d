package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// display shows how a download goes on, on standard error: in a terminal a block of
// lines that is drawn anew several times a second, a line for each file under way and
// one for all of them; elsewhere lines, one when a file begins and one when it ends,
// and in between one in five seconds. It promises that names, which a hub chooses,
// cannot command the terminal.
//
// The libraries for this that were looked at do not find their own lines again when
// the window changes its width, and cut the columns that count first in a narrow one.
type display struct {
	out  io.Writer
	size func() (width, height int) // nil where there are lines in place of a block
	now  func() time.Time

	mu       sync.Mutex
	underway []*transfer
	last     hub.Event // for its totals
	skipped  int64     // of the bytes that are there, those that were there before
	asking   string    // what is asked before there is a list of files
	stale    string    // why the cache has answered
	meter    meter
	told     time.Time // of the last line about all files
	drawn    bool      // the block is on the terminal, and the cursor at its beginning
	closed   bool
	ticks    chan struct{}
}

// transfer is a file under way.
type transfer struct {
	row
	from  int64 // what was there already when it began
	since time.Time
	meter meter
}

const (
	// drawEvery is the time between two drawings of the block, lineEvery that between
	// two lines about all files where there is no block.
	drawEvery = 200 * time.Millisecond
	lineEvery = 5 * time.Second
	// mostRows is how many files under way are shown.
	mostRows = 8
)

// newDisplay returns the display for a call, nil where there is to be none. A nil
// display shows nothing.
func newDisplay(s *streams, quiet bool) *display {
	if quiet || truth(os.Getenv("HF_HUB_DISABLE_PROGRESS_BARS")) {
		return nil
	}
	d := &display{out: s.rawErr, now: time.Now, ticks: make(chan struct{})}
	if isTerminal(s.rawErr) && styled() && enableStyles(s.rawErr) {
		d.size = func() (int, int) { return terminalSize(s.rawErr) }
		go d.tick()
	}
	return d
}

// truth reads a variable as huggingface_hub does.
func truth(v string) bool {
	switch strings.ToUpper(v) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// tick draws the block until the display is closed.
func (d *display) tick() {
	ticker := time.NewTicker(drawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-d.ticks:
			return
		case <-ticker.C:
			d.mu.Lock()
			if !d.closed {
				d.draw()
			}
			d.mu.Unlock()
		}
	}
}

// close takes the block off the terminal.
func (d *display) close() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.closed = true
	close(d.ticks)
	if d.drawn {
		d.write("\r\x1b[K\n\x1b[J\x1b[1A")
	}
	if d.size != nil && d.stale != "" {
		d.write(d.stale + "\n")
	}
}

// progress is what a download calls, nil where nothing is shown.
func (d *display) progress() func(hub.Event) {
	if d == nil {
		return nil
	}
	return d.event
}

// event takes in what a download tells.
func (d *display) event(e hub.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	switch e.Kind {
	case hub.FileStarted:
		d.begin(e, now).note = ""
	case hub.FileResumed:
		t := d.begin(e, now)
		d.skipped += e.Done - t.from
		t.from, t.meter = e.Done, meter{}
		t.add(e, now)
	case hub.FileProgress:
		d.begin(e, now).add(e, now)
	case hub.FileWaiting:
		d.begin(e, now).note = "waiting"
		d.line("%s: waiting for another process that downloads it", plain(e.File))
	case hub.FileRetried:
		d.retried(e, now)
	case hub.CacheAnswers:
		d.instead(e)
	case hub.FileCached:
		d.drop(e.File) // which may have waited for another process
		d.skipped += e.Size
	case hub.FileDone:
		d.end(e, now)
	case hub.FileFailed:
		d.drop(e.File)
		how := "failed"
		if errors.Is(e.Err, context.Canceled) {
			how = "stopped" // by the user, or since another file has failed
		}
		d.line("%s: %s", plain(e.File), how)
	}
	d.last = e
	d.meter.add(now, e.BytesDone-d.skipped)
	if d.size == nil && now.Sub(d.told) >= lineEvery {
		if !d.told.IsZero() && len(d.underway) > 0 {
			d.line("%s", d.total(now).words())
		}
		d.told = now
	}
}

// retried tells that a request has failed and will be made again: for a file, or for the
// repository before the files are known.
func (d *display) retried(e hub.Event, now time.Time) {
	if e.File == "" {
		d.asking = fmt.Sprintf("asking the hub, retry %d", e.Attempt)
		d.line("asking the hub again in %s: %s", timeText(max(e.Wait, time.Second)), explain(e.Err))
		return
	}
	d.begin(e, now).note = fmt.Sprintf("retry %d", e.Attempt)
	d.line("%s: trying again: %s", plain(e.File), explain(e.Err))
}

// instead tells, once, that what the cache has may be older than what the hub has. On a
// terminal that is the last thing, since it would be drawn over.
func (d *display) instead(e hub.Event) {
	if d.stale != "" {
		return
	}
	d.stale = "the cache answers, since the hub does not: " + explain(e.Err)
	d.line("%s", d.stale)
}

// begin returns the file that an event is about, under way from now on if it was not.
func (d *display) begin(e hub.Event, now time.Time) *transfer {
	if t := d.find(e.File); t != nil {
		return t
	}
	t := &transfer{row: row{name: e.File, size: e.Size}, since: now}
	t.meter.add(now, 0)
	d.underway = append(d.underway, t)
	if e.Size >= 0 {
		d.line("%s: %s", plain(e.File), bytesText(e.Size))
	} else {
		d.line("%s: begins", plain(e.File))
	}
	return t
}

// add notes how far the file is.
func (t *transfer) add(e hub.Event, now time.Time) {
	t.note, t.done, t.size = "", e.Done, e.Size
	t.meter.add(now, e.Done)
}

// end takes a file out that is whole. The rate of one that was there in no time says
// nothing.
func (d *display) end(e hub.Event, now time.Time) {
	speed := ""
	if t := d.drop(e.File); t != nil {
		if span := now.Sub(t.since).Seconds(); span >= 1 {
			speed = fmt.Sprintf(", %s/s", bytesText(int64(float64(e.Size-t.from)/span)))
		}
	}
	d.line("%s: done%s", plain(e.File), speed)
}

// find returns the file under way of a name, nil where there is none.
func (d *display) find(name string) *transfer {
	for _, t := range d.underway {
		if t.name == name {
			return t
		}
	}
	return nil
}

// drop takes a file out.
func (d *display) drop(name string) *transfer {
	for i, t := range d.underway {
		if t.name == name {
			d.underway = slices.Delete(d.underway, i, i+1)
			return t
		}
	}
	return nil
}

// total is the row of all files.
func (d *display) total(now time.Time) *row {
	e := &d.last
	r := &row{name: fmt.Sprintf("%d of %d files", e.FilesDone, e.Files), done: e.BytesDone, size: e.Bytes, rate: d.meter.rate(now)}
	if e.Files == 0 {
		r.name, r.size = cmp.Or(d.asking, "files"), -1 // there is no list
	}
	return r
}

// words is a row as a sentence, for a line of its own.
func (r *row) words() string {
	text := r.name + ", " + strings.Replace(r.sizes(), " / ", " of ", 1)
	for _, part := range []string{r.speed(), r.left()} {
		if part != "" {
			text += ", " + part
		}
	}
	if r.left() != "" {
		text += " left"
	}
	return text
}

// line writes a line where there is no block.
func (d *display) line(format string, args ...any) {
	if d.size == nil && !d.closed {
		d.write(fmt.Sprintf(format, args...) + "\n")
	}
}

// draw draws the block over the last one, in one write, so that it does not flicker.
//
// The cursor is left at the beginning of the block, and all behind the new one is
// erased: when the window changes its width the terminal lays the old block out anew, and
// keeps the cursor where it was in the text. Lines do not wrap meanwhile, since the width
// may be that of a moment ago. Erasing begins below the first line, because tmux moves
// what is erased from the top of the screen on into its history.
func (d *display) draw() {
	width, height := d.size()
	if len(d.underway) == 0 && d.last.Files == 0 && d.asking == "" || width < 2 || height < 2 {
		return
	}
	now := d.now()
	var rows []*row
	for _, t := range d.underway[:min(len(d.underway), mostRows, height-2)] {
		r := t.row
		r.name, r.rate = plain(r.name), t.meter.rate(now)
		rows = append(rows, &r)
	}
	rows = append(rows, d.total(now))
	names := 0
	for _, r := range rows {
		names = max(names, cells(r.name))
	}
	var b strings.Builder
	b.WriteString(noWrap + "\r")
	for _, r := range rows {
		// Never into the last column, after which terminals differ in where they are.
		b.WriteString(r.line(width-1, names) + "\x1b[K\n")
	}
	fmt.Fprintf(&b, "\x1b[J\x1b[%dA%s", len(rows), wrap)
	d.write(b.String())
	d.drawn = true
}

// noWrap and wrap turn the wrapping of long lines off and on again (DECAWM).
const noWrap, wrap = "\x1b[?7l", "\x1b[?7h"

// write writes to the terminal past what makes text harmless: names have been made
// harmless one by one, and the rest is the display's own.
func (d *display) write(text string) { _, _ = io.WriteString(d.out, text) }
