package bridge

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Picture is a picture of a request: the bytes of a PNG, JPEG or GIF file.
type Picture struct{ Data []byte }

// OfURL returns the picture in a data: URL. Other addresses are refused: nothing
// here speaks to a network.
func OfURL(address string) (*Picture, error) {
	rest, ok := strings.CutPrefix(address, "data:")
	if !ok {
		scheme, _, _ := strings.Cut(address[:min(len(address), 32)], ":")
		return nil, fmt.Errorf("pictures are taken from data: URLs, and this one begins with %q: fetch it first", scheme)
	}
	head, data, ok := strings.Cut(rest, ",")
	if !ok {
		return nil, errors.New("the data: URL of a picture has no comma")
	}
	if strings.HasSuffix(head, ";base64") {
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, fmt.Errorf("the data: URL of a picture: %w", err)
		}
		return &Picture{Data: raw}, nil
	}
	raw, err := url.PathUnescape(data)
	if err != nil {
		return nil, fmt.Errorf("the data: URL of a picture: %w", err)
	}
	return &Picture{Data: []byte(raw)}, nil
}
