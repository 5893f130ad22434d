package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub"
)

// screen is a terminal: it keeps lines as they were sent and shows them in rows of its
// width, as terminals do that lay their text out anew when the width changes.
type screen struct {
	t             *testing.T
	width, height int
	lines         []string // logical ones
	at            int      // the line of the cursor, which is at its beginning
	cut           bool     // lines do not wrap
	fresh         string   // what was written into the cursor's line since it is there
	told          int      // the width that the display is told, where it is not yet the screen's
	seen          []string // every text that was written
}

func (*screen) IsTerminal() bool { return true }

func (s *screen) Size() (w, h int) { return max(s.told, s.width), s.height }

// Write obeys what the display uses of a terminal's commands, and fails the test for
// everything else.
func (s *screen) Write(p []byte) (int, error) {
	s.seen = append(s.seen, string(p))
	for text := string(p); text != ""; {
		end := strings.IndexAny(text, "\x1b\r\n")
		if end != 0 {
			if end < 0 {
				end = len(text)
			}
			s.put(text[:end])
			text = text[end:]
			continue
		}
		switch command, n := obeyed.FindString(text), 0; {
		case text[0] == '\r':
			text = text[1:]
		case text[0] == '\n':
			s.at++
			text = text[1:]
		case command == "":
			s.t.Fatalf("an unknown command: %q", text)
		default:
			text = text[len(command):]
			switch command {
			case noWrap:
				s.cut = true
			case wrap:
				s.cut = false
			case "\x1b[K":
				s.lines[s.at] = s.fresh
				s.fresh = ""
			case "\x1b[J":
				if s.at == 0 {
					s.t.Error("erased from the top on")
				}
				s.lines = s.lines[:min(s.at, len(s.lines))]
			default:
				if _, err := fmt.Sscanf(command, "\x1b[%dA", &n); err != nil || n == 0 {
					s.t.Fatalf("%q: %v", command, err)
				}
				s.up(n)
			}
		}
	}
	return len(p), nil
}

// obeyed are the commands that the screen knows.
var obeyed = regexp.MustCompile(`^\x1b\[(\?7[lh]|[JK]|[0-9]+A)`)

// up moves the cursor by rows, of which a long line has several.
func (s *screen) up(n int) {
	for n > 0 && s.at > 0 {
		s.at--
		n -= max(1, (len([]rune(s.lines[s.at]))+s.width-1)/s.width)
	}
}

// shown is the number of lines up to the last that is not empty.
func (s *screen) shown() int {
	n := len(s.lines)
	for n > 0 && s.lines[n-1] == "" {
		n--
	}
	return n
}

// put writes a line.
func (s *screen) put(text string) {
	for len(s.lines) <= s.at {
		s.lines = append(s.lines, "")
	}
	if r := []rune(text); len(r) >= s.width {
		if !s.cut || s.told == 0 {
			s.t.Errorf("a line of %d characters in a width of %d: %q", len(r), s.width, text)
		}
		text = string(r[:s.width])
	}
	s.fresh = text
	if old := s.lines[s.at]; len(old) > len(text) {
		text += old[len(text):]
	}
	s.lines[s.at] = text
}

// stage is a display on a screen with a clock of its own.
func stage(t *testing.T, width int) (*display, *screen, func(time.Duration)) {
	s := &screen{t: t, width: width, height: 24, lines: []string{"$ coreml pull"}, at: 1}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	d := &display{out: s, size: s.Size, now: func() time.Time { return now }, ticks: make(chan struct{})}
	return d, s, func(by time.Duration) { now = now.Add(by) }
}

// run plays a download of two files and calls draw after each step.
func play(d *display, pass func(time.Duration), draw func(step int)) {
	const big, small = "Model.mlpackage/Data/com.apple.CoreML/weights/weight.bin", "tokenizer.json"
	total := func(e hub.Event) hub.Event {
		e.Files, e.Bytes = 3, 1100<<20
		return e
	}
	d.event(total(hub.Event{Kind: hub.Listed}))
	draw(0)
	d.event(total(hub.Event{Kind: hub.FileCached, File: "config.json", Done: 1 << 20, Size: 1 << 20, FilesDone: 1, BytesDone: 1 << 20}))
	d.event(total(hub.Event{Kind: hub.FileStarted, File: big, Size: 1000 << 20, FilesDone: 1, BytesDone: 1 << 20}))
	d.event(total(hub.Event{Kind: hub.FileStarted, File: small, Size: 99 << 20, FilesDone: 1, BytesDone: 1 << 20}))
	for i := range 10 {
		pass(time.Second)
		n := int64(i+1) * 10 << 20
		d.event(total(hub.Event{Kind: hub.FileProgress, File: big, Done: n, Size: 1000 << 20, FilesDone: 1, BytesDone: 1<<20 + n}))
		draw(i + 1)
	}
}

func TestAWideTerminalShowsEverything(t *testing.T) {
	d, s, pass := stage(t, 140)
	play(d, pass, func(int) { d.draw() })
	want := []string{
		"$ coreml pull",
		"Model.mlpackage/Data/com.apple.CoreML/weights/weight.bin  [#.............]   10%  100.0 MiB / 1000.0 MiB  10.0 MiB/s  1m 30s",
		"tokenizer.json                                            [..............]    0%          0 B / 99.0 MiB",
		"1 of 3 files                                              [#.............]    9%    101.0 MiB / 1.07 GiB  10.0 MiB/s  1m 40s",
	}
	if got := strings.Join(s.lines, "\n"); squeeze(got) != squeeze(strings.Join(want, "\n")) {
		t.Errorf("the screen shows\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	d.close()
	if s.shown() != 1 || s.at != 1 {
		t.Errorf("at the end the screen shows %q, the cursor is in line %d", s.lines, s.at)
	}
}

// squeeze makes one blank of several: how columns are padded is another test's.
func squeeze(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return strings.Join(lines, "\n")
}

func TestANarrowTerminalShowsWhatThereIsRoomFor(t *testing.T) {
	for width, want := range map[int][]string{
		80: {"...L/weights/weight.bin 10% 100.0 MiB / 1000.0 MiB 10.0 MiB/s 1m 30s", "tokenizer.json 0% 0 B / 99.0 MiB", "1 of 3 files 9% 101.0 MiB / 1.07 GiB 10.0 MiB/s 1m 40s"},
		60: {"...com.apple.CoreML/weights/weight.bin 10% 10.0 MiB/s 1m 30s", "tokenizer.json 0%", "1 of 3 files 9% 10.0 MiB/s 1m 40s"},
		30: {"...reML/weights/weight.bin 10%", "tokenizer.json 0%", "1 of 3 files 9%"},
		10: {"...ht.bin", "...r.json", "...3 files"},
		3:  {"..", "..", ".."},
	} {
		d, s, pass := stage(t, width)
		play(d, pass, func(int) { d.draw() })
		if len(s.lines) != 1+len(want) {
			t.Errorf("width %d: %q", width, s.lines)
			continue
		}
		for i, line := range s.lines[1:] {
			got, want := strings.Join(strings.Fields(line), " "), want[i]
			// The names are cut to what is left; their ends have to agree.
			if cells(line) >= width || !strings.HasSuffix(strings.TrimPrefix(want, "..."), strings.TrimPrefix(got, "...")) && !strings.HasSuffix(got, strings.TrimPrefix(want, "...")) {
				t.Errorf("width %d, line %d: %q, want %q", width, i, got, want)
			}
		}
	}
}

// TestNothingIsLeftOfTheBlockWhenTheWindowChanges changes the width at every step, and
// looks for lines of the block that were not taken off again, and for others that were.
func TestNothingIsLeftOfTheBlockWhenTheWindowChanges(t *testing.T) {
	widths := []int{120, 30, 60, 7, 200, 31, 2, 80, 45, 120, 20}
	d, s, pass := stage(t, widths[0])
	play(d, pass, func(step int) {
		// A terminal may have its new width before it tells of it.
		s.told, s.width = s.width, widths[step%len(widths)]
		d.draw()
		s.told = 0
		d.draw()
		if s.lines[0] != "$ coreml pull" {
			t.Fatalf("step %d took what stood above: %q", step, s.lines)
		}
		if n := len(s.lines); step > 0 && n != 4 {
			t.Errorf("step %d, width %d: %d lines: %q", step, s.width, n, s.lines)
		}
	})
	s.width = 25
	d.close()
	if s.shown() != 1 {
		t.Errorf("at the end: %q", s.lines)
	}
}

func TestALowTerminalShowsFewerFiles(t *testing.T) {
	for height, most := range map[int]int{24: mostRows, 6: 4, 3: 1, 2: 0} {
		d, s, _ := stage(t, 100)
		s.height = height
		for i := range 20 {
			d.event(hub.Event{Kind: hub.FileStarted, File: fmt.Sprint("file ", i), Size: 1, Files: 20})
		}
		d.draw()
		if got := len(s.lines) - 1; got != most+1 {
			t.Errorf("in %d rows there are %d lines, want %d and the total", height, got, most)
		}
	}
}

func TestARetryIsShownUntilBytesComeAgain(t *testing.T) {
	d, s, pass := stage(t, 100)
	d.event(hub.Event{Kind: hub.FileStarted, File: "x", Size: 100, Files: 1, Bytes: 100})
	d.event(hub.Event{Kind: hub.FileRetried, File: "x", Done: 10, Size: 100, Attempt: 2, Err: errors.New("torn"), Files: 1, Bytes: 100})
	d.draw()
	if !strings.Contains(s.lines[1], "retry 2") {
		t.Errorf("the screen shows %q", s.lines)
	}
	pass(time.Second)
	d.event(hub.Event{Kind: hub.FileResumed, File: "x", Done: 10, Size: 100, Files: 1, Bytes: 100, BytesDone: 10})
	d.draw()
	if strings.Contains(s.lines[1], "retry") || !strings.Contains(s.lines[1], "10%") {
		t.Errorf("the screen shows %q", s.lines)
	}
}

func TestWithoutATerminalThereAreLines(t *testing.T) {
	var out strings.Builder
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	d := &display{out: &out, now: func() time.Time { return now }, ticks: make(chan struct{})}
	play(d, func(by time.Duration) { now = now.Add(by) }, func(int) {})
	now = now.Add(time.Second)
	d.event(hub.Event{Kind: hub.FileRetried, File: "tokenizer.json", Size: 99 << 20, Attempt: 1, Err: errors.New("torn"), Files: 3})
	d.event(hub.Event{Kind: hub.FileDone, File: "tokenizer.json", Done: 99 << 20, Size: 99 << 20, Files: 3, FilesDone: 2})
	d.event(hub.Event{Kind: hub.FileFailed, File: "other", Err: errors.New("gone"), Files: 3})
	d.event(hub.Event{Kind: hub.FileFailed, File: "third", Err: fmt.Errorf("download: %w", context.Canceled), Files: 3})
	d.event(hub.Event{Kind: hub.FileStarted, File: "small", Size: 97, Files: 3})
	d.event(hub.Event{Kind: hub.FileDone, File: "small", Done: 97, Size: 97, Files: 3, FilesDone: 3})
	d.event(hub.Event{Kind: hub.FileRetried, Size: -1, Attempt: 1, Wait: 1800 * time.Millisecond, Err: errors.New("refused")})
	d.close()
	want := `Model.mlpackage/Data/com.apple.CoreML/weights/weight.bin: 1000.0 MiB
tokenizer.json: 99.0 MiB
1 of 3 files, 51.0 MiB of 1.07 GiB, 10.0 MiB/s, 1m 45s left
1 of 3 files, 101.0 MiB of 1.07 GiB, 10.0 MiB/s, 1m 40s left
tokenizer.json: trying again: torn
tokenizer.json: done, 9.0 MiB/s
other: failed
third: stopped
small: 97 B
small: done
asking the hub again in 2s: refused
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestNoDisplayIsShownWhereItIsNotWanted(t *testing.T) {
	s := newStreams(strings.NewReader(""), &tty{}, &tty{})
	if newDisplay(s, true) != nil {
		t.Error("there is one with --quiet")
	}
	for _, v := range []string{"1", "on", "Yes", "TRUE"} {
		t.Setenv("HF_HUB_DISABLE_PROGRESS_BARS", v)
		if newDisplay(s, false) != nil {
			t.Errorf("there is one with HF_HUB_DISABLE_PROGRESS_BARS=%s", v)
		}
	}
	t.Setenv("HF_HUB_DISABLE_PROGRESS_BARS", "0")
	for name, c := range map[string]struct {
		term, color string
		block       bool
	}{"a terminal": {"xterm", "", true}, "a dumb one": {"dumb", "", false}, "no styles": {"xterm", "1", false}} {
		t.Setenv("TERM", c.term)
		t.Setenv("NO_COLOR", c.color)
		d := newDisplay(s, false)
		if d == nil || (d.size != nil) != c.block {
			t.Errorf("%s: %+v", name, d)
		}
		d.close()
	}
	var none *display
	if none.close(); none.progress() != nil {
		t.Error("no display shows something")
	}
}

// TestForeignNamesCannotCommandTheTerminalFromTheBlock is for what a hub calls its
// files.
func TestForeignNamesCannotCommandTheTerminalFromTheBlock(t *testing.T) {
	evil := "a\x1b[31m\u202e\n\r\x1b]0;t\x07\u009b2J日本語"
	d, s, _ := stage(t, 120)
	var lines strings.Builder
	plainly := &display{out: &lines, now: time.Now, ticks: make(chan struct{})}
	for _, e := range []hub.Event{
		{Kind: hub.FileStarted, File: evil, Size: 5, Files: 1},
		{Kind: hub.FileRetried, File: evil, Size: 5, Err: errors.New(evil)},
		{Kind: hub.FileProgress, File: evil, Done: 1, Size: 5},
		{Kind: hub.FileDone, File: evil, Done: 5, Size: 5},
		{Kind: hub.FileFailed, File: evil, Err: errors.New(evil)},
	} {
		d.event(e)
		d.draw()
		plainly.event(e)
	}
	d.close()
	if bad := commands(lines.String()); bad != "" {
		t.Errorf("a line has %q: %q", bad, lines.String())
	}
	own := strings.NewReplacer(noWrap, "", wrap, "", "\r", "", "\x1b[J", "", "\x1b[K", "", "\x1b[1A", "", "\x1b[2A", "")
	for _, text := range s.seen {
		if bad := commands(own.Replace(text)); bad != "" {
			t.Errorf("the block has %q: %q", bad, text)
		}
	}
}

func TestTheRateIsThatOfTheLastSeconds(t *testing.T) {
	var m meter
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if m.rate(now) != 0 {
		t.Error("there is a rate of nothing")
	}
	done := int64(0)
	for range 100 {
		m.add(now, done)
		now, done = now.Add(100*time.Millisecond), done+100
	}
	if got := m.rate(now); got < 900 || got > 1100 {
		t.Errorf("a steady rate of 1000 is shown as %v", got)
	}
	for range 100 {
		m.add(now, done)
		now, done = now.Add(100*time.Millisecond), done+1000
	}
	if got := m.rate(now); got < 9000 || got > 11000 {
		t.Errorf("ten times as fast is shown as %v", got)
	}
	if got := m.rate(now.Add(time.Minute)); got > 1500 {
		t.Errorf("a minute of silence later it is %v", got)
	}
	if len(m.at) > 100 {
		t.Errorf("%d samples are kept", len(m.at))
	}
	m.add(now, 0) // begun anew
	if got := m.rate(now); got != 0 {
		t.Errorf("after a new beginning it is %v", got)
	}
}

func TestTimesLeftAreShownInTwoUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", 60 * time.Second: "1m 00s", 3599 * time.Second: "59m 59s", time.Hour: "1h 00m", 99*time.Hour + 59*time.Minute: "99h 59m", 1000 * time.Hour: "> 100h",
		-time.Hour: "> 100h",
	} {
		if got := timeText(d); got != want {
			t.Errorf("%v is shown as %q, want %q", d, got, want)
		}
	}
}

func FuzzRow(f *testing.F) {
	f.Add("weights/weight.bin", 80, int64(5), int64(10), 3.5, "")
	f.Add("日本語\u0301", 3, int64(-5), int64(-1), -1.0, "retry 3")
	f.Fuzz(func(t *testing.T, name string, width int, done, size int64, rate float64, note string) {
		width %= 300
		if width < 0 || size < 0 && size != -1 || done < 0 || done > size && size >= 0 || len(note) > 10 || note != plain(note) {
			return
		}
		r := &row{name: plain(name), done: done, size: size, rate: rate, note: note}
		if line := r.line(width, 200); cells(line) > width || commands(line) != "" {
			t.Errorf("%d cells in %d: %q", cells(line), width, line)
		}
	})
}

func TestOnATerminalTheLastLineSaysThatTheCacheAnswers(t *testing.T) {
	d, s, _ := stage(t, 100)
	for range 2 {
		d.event(hub.Event{Kind: hub.CacheAnswers, Size: -1, Err: errors.New("refused")})
	}
	d.event(hub.Event{Kind: hub.Listed, Files: 1, Bytes: 100})
	d.draw()
	d.close()
	if text := strings.Join(s.lines, "\n"); strings.Count(text, "the cache answers, since the hub does not: refused") != 1 {
		t.Errorf("the screen shows %q", s.lines)
	}
}
