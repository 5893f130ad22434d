package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestTheServerAnswersAndEndsWhenItIsTold(t *testing.T) {
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, slog.New(slog.DiscardHandler)) }()

	body := `{"model": "storyteller", "prompt": "Once upon a time", "max_tokens": 12, "temperature": 0}`
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+listener.Addr().String()+"/v1/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Choices []struct{ Text string } }
	if err := json.Unmarshal(data, &answer); err != nil || len(answer.Choices) != 1 {
		t.Fatalf("%v: %s", err, data)
	}
	if got, want := answer.Choices[0].Text, ", in an old garden, there lived a kind child named"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}
