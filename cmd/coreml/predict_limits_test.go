package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
)

// anySize takes every picture.
func anySize(image.Point) error { return nil }

// frame is a JPEG of grey pixels up to its first scan.
func frame(width, height int) []byte {
	return []byte{0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), 1, 1, 0x11, 0}
}

// scan is one whose pixels are all in two bytes.
var scan = []byte{0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 1, 0, 0}

func TestJPEGsOfTooManyScansAreRefused(t *testing.T) {
	const refused = "scans: at most 100 are read"
	// Without its end, so that the decoder refuses what the limit lets through.
	for name, tc := range map[string]struct {
		raw     []byte
		refused bool
	}{
		"a hundred":                          {slices.Concat(frame(8, 8), bytes.Repeat(scan, 100)), false},
		"one more":                           {slices.Concat(frame(8, 8), bytes.Repeat(scan, 101)), true},
		"few of many pixels":                 {slices.Concat(frame(3600, 3600), bytes.Repeat(scan, 41)), false},
		"one more of many pixels":            {slices.Concat(frame(3600, 3600), bytes.Repeat(scan, 42)), true},
		"behind bytes that belong nowhere":   {slices.Concat(frame(8, 8), bytes.Repeat(append(make([]byte, 5000), scan...), 101)), true},
		"behind more marks than are wanted":  {slices.Concat(frame(8, 8), bytes.Repeat(append([]byte{0xff, 0xff}, scan...), 101)), true},
		"behind an end that is a comment's":  {slices.Concat(frame(8, 8), []byte{0xff, 0xfe, 0, 4, 0xff, 0xd9}, bytes.Repeat(scan, 101)), true},
		"behind restarts and escaped pixels": {slices.Concat(frame(8, 8), bytes.Repeat(append([]byte{0xff, 0, 0xff, 0xd0}, scan...), 101)), true},
		"in a comment":                       {slices.Concat(frame(8, 8), []byte{0xff, 0xfe, 0x10, 0}, bytes.Repeat(scan, 101), make([]byte, 4094-101*len(scan)), scan), false},
		"behind the end":                     {slices.Concat(frame(8, 8), scan, []byte{0xff, 0xd9}, bytes.Repeat(scan, 101)), false},
	} {
		_, err := decodePicture(t.Context(), bytes.NewReader(tc.raw), formatJPEG, anySize)
		if err == nil || strings.Contains(err.Error(), refused) != tc.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPicturesWithALongSideAreRefused(t *testing.T) {
	for _, size := range []image.Point{{1, 67_108_864}, {65_536, 1}} {
		raw := bomb(formatPNG, uint32(size.X), uint32(size.Y))
		if _, err := decodePicture(t.Context(), bytes.NewReader(raw), formatPNG, anySize); err == nil || !strings.Contains(err.Error(), "each side may have from 1 to 65535") {
			t.Errorf("%v: %v", size, err)
		}
	}
}

// slowReader gives nothing until it is released.
type slowReader struct {
	io.ReadSeeker
	reading  chan struct{}
	released chan struct{}
}

func (r *slowReader) Read(p []byte) (int, error) {
	select {
	case r.reading <- struct{}{}:
	default:
	}
	<-r.released
	return r.ReadSeeker.Read(p)
}

func TestDecodingIsLeftWhenItsContextEnds(t *testing.T) {
	raw, err := os.ReadFile("testdata/picture/im.png")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	slow := &slowReader{bytes.NewReader(raw), make(chan struct{}, 1), make(chan struct{})}
	go func() {
		<-slow.reading
		cancel()
	}()
	if _, err := decodePicture(ctx, slow, formatPNG, anySize); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	// The work that was left goes on, and another waits for it as long as its own
	// context lasts.
	if _, err := decodePicture(ctx, bytes.NewReader(raw), formatPNG, anySize); !errors.Is(err, context.Canceled) {
		t.Errorf("behind it: got %v, want the context's error", err)
	}
	close(slow.released)
	if _, err := decodePicture(t.Context(), bytes.NewReader(raw), formatPNG, anySize); err != nil {
		t.Error(err)
	}
}

func TestAReaderFailsOnceItsContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := &endingReader{ctx, strings.NewReader("ab")}
	if n, err := r.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("before: %d, %v", n, err)
	}
	cancel()
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("after: %d, %v", n, err)
	}
}

func TestTimeLimitsHoldForPictures(t *testing.T) {
	const model, file = "testdata/picture/model.mlpackage", "testdata/picture/im.png"
	decoding <- struct{}{} // as one that goes on for ever
	defer func() { <-decoding }()
	call(t, "predict", model, "--input", "image="+file, "--timeout", "500ms").want(t, exitFailure, "", "there was no result within 500ms")
	r := talk(t, object{"op": "load", "path": model},
		object{"op": "predict", "model": "m1", "timeout_ms": 20, "inputs": object{"image": object{"file": file}}},
		object{"op": "hello"})
	if e, _ := r[1]["error"].(object); e == nil || e["code"] != codeTimeout {
		t.Errorf("over standard input: %v", r[1])
	}
	if r[2]["ok"] != true {
		t.Errorf("the next request: %v", r[2])
	}
}

func TestRequestsAreNotToldOfAFlag(t *testing.T) {
	d := &coreml.FeatureDescription{Kind: coreml.KindImage, Pixels: coreml.PixelsRGB, Shape: []int{1, 3, 2, 3}}
	for opts, told := range map[*imageOptions]bool{{}: true, {stdio: true}: false} {
		if err := checkPicture(d, image.Pt(7, 5), opts); err == nil || strings.Contains(err.Error(), "--resize") != told {
			t.Errorf("%+v: %v", opts, err)
		}
	}
}
