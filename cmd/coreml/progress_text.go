package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// How the lines of a progress display are laid out. Nothing here knows a terminal
// or a clock.

// cells is how many cells of a terminal a text takes at most.
//
// At most: a line that is taken for longer than it is ends a little early, and one
// taken for shorter wraps, and the display is in disorder. No wide character lies
// below Hangul, and none takes more than two cells.
func cells(s string) int {
	const hangul = 0x1100
	n := 0
	for _, r := range s {
		n++
		if r >= hangul {
			n++
		}
	}
	return n
}

// cutName cuts a name to a width at its beginning: the end tells files of one folder
// apart.
func cutName(name string, width int) string {
	if cells(name) <= width {
		return name
	}
	const mark = "..."
	if width <= len(mark) {
		return mark[:max(width, 0)]
	}
	for cells(name) > width-len(mark) {
		_, n := utf8.DecodeRuneInString(name)
		name = name[n:]
	}
	return mark + name
}

// padded fills a text with spaces, on its left for numbers.
func padded(s string, width int, right bool) string {
	space := strings.Repeat(" ", max(0, width-cells(s)))
	if right {
		return space + s
	}
	return s + space
}

// row is a line of the display: a file, or all of them.
type row struct {
	name       string
	done, size int64   // size is negative where it is not known
	rate       float64 // bytes per second; 0 where it is not known
	note       string  // in place of the rate, such as "retry 2"
}

// The widths of columns, and of the lines from which on there is room for them.
const (
	percentCells, percentFrom = 4, 16
	rateCells, rateFrom       = 12, 40
	leftCells, leftFrom       = 7, 52
	sizesCells, sizesFrom     = 23, 78
	barCells, barFrom         = 16, 106
)

// line lays a row out in a width, with as many columns as it has room for.
//
// The name gets what is left, at most nameCells, so that the columns of several rows
// stand below each other.
func (r *row) line(width, nameCells int) string {
	var columns []string
	add := func(from, cells int, text string, right bool) {
		if width >= from {
			columns = append(columns, padded(text, cells, right))
		}
	}
	add(barFrom, barCells, r.bar(barCells), false)
	add(percentFrom, percentCells, r.percent(), true)
	add(sizesFrom, sizesCells, r.sizes(), true)
	add(rateFrom, rateCells, r.speed(), true)
	add(leftFrom, leftCells, r.left(), true)
	rest := strings.Join(columns, "  ")
	if rest != "" {
		rest = "  " + rest
	}
	room := min(nameCells, width-len(rest))
	return strings.TrimRight(padded(cutName(r.name, room), room, false)+rest, " ")
}

// part is how much of the row is done, from 0 to 1, or negative where that is not
// known.
func (r *row) part() float64 {
	switch {
	case r.size < 0:
		return -1
	case r.size == 0:
		return 1
	}
	return min(1, float64(r.done)/float64(r.size))
}

func (r *row) percent() string {
	p := r.part()
	if p < 0 {
		return ""
	}
	return fmt.Sprintf("%d%%", int(p*100)) // not rounded: 100 % is when it is all there
}

func (r *row) bar(width int) string {
	p := r.part()
	if p < 0 {
		return ""
	}
	n := int(p * float64(width-2))
	return "[" + strings.Repeat("#", n) + strings.Repeat(".", width-2-n) + "]"
}

func (r *row) sizes() string {
	switch {
	case r.size < 0 && r.done == 0:
		return ""
	case r.size < 0:
		return bytesText(r.done)
	}
	return bytesText(r.done) + " / " + bytesText(r.size)
}

func (r *row) speed() string {
	switch {
	case r.note != "":
		return r.note
	case r.rate <= 0:
		return ""
	}
	return bytesText(int64(r.rate)) + "/s"
}

// left is the time that the rest takes at the present rate.
func (r *row) left() string {
	if r.rate <= 0 || r.size < 0 || r.done >= r.size {
		return ""
	}
	return timeText(time.Duration(float64(r.size-r.done) / r.rate * float64(time.Second)))
}

// timeText writes a time for people, in two units at most.
func timeText(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case d > 100*time.Hour || s < 0:
		return "> 100h"
	case s >= 3600:
		return fmt.Sprintf("%dh %02dm", s/3600, s%3600/60)
	case s >= 60:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	}
	return fmt.Sprintf("%ds", s)
}

// meter measures a rate over the last seconds.
//
// Over all of the time it would show a fast beginning for minutes, and between two
// reads it would jump.
type meter struct {
	at   []time.Time
	done []int64
}

// meterSpan is what the rate is taken over, meterStep the time between two samples.
const (
	meterSpan = 8 * time.Second
	meterStep = 250 * time.Millisecond
)

// add notes that done bytes are there.
func (m *meter) add(now time.Time, done int64) {
	n := len(m.at)
	if n > 1 && now.Sub(m.at[n-2]) < meterStep {
		m.at[n-1], m.done[n-1] = now, done
		return
	}
	m.at, m.done = append(m.at, now), append(m.done, done)
	for len(m.at) > 2 && now.Sub(m.at[1]) > meterSpan {
		m.at, m.done = m.at[1:], m.done[1:]
	}
}

// rate is in bytes per second, 0 while there is nothing to tell it from.
//
// Up to now, so that it falls where nothing comes.
func (m *meter) rate(now time.Time) float64 {
	if len(m.at) < 2 {
		return 0
	}
	span := now.Sub(m.at[0]).Seconds()
	if span <= 0 {
		return 0
	}
	return max(0, float64(m.done[len(m.done)-1]-m.done[0])/span)
}
