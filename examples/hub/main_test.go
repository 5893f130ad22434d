package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// The stand-in hub serves the package that this module carries, so that the example
// needs no network. The second time nothing is downloaded.
func Example() {
	server, err := hubtest.Start(hubtest.Repo{ID: "org/story", Files: storyteller.FS()})
	if err != nil {
		panic(err)
	}
	defer server.Close()
	dir, err := os.MkdirTemp("", "hub")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for range 2 {
		client := &hub.Client{Endpoint: server.URL(), CacheDir: dir, NoToken: true, Network: hub.NetworkOnline}
		if err := tell(context.Background(), os.Stdout, client, "org/story", "Once upon a time"); err != nil {
			panic(err)
		}
		fmt.Println("downloaded:", len(server.Bodies()) > 0, "- asked once:", len(server.Requests()) == 1)
		server.ClearLog()
	}
	// Output:
	// Once upon a time, in an old garden, there lived a kind child named Tom. He wanted to find a golden map more than anything. One afternoon, Tom walked to the garden. Tom wanted to learn how to make a map. He asked a kind child named Nora for help. "First you must be patient," said Nora.
	// downloaded: true - asked once: false
	// Once upon a time, in an old garden, there lived a kind child named Tom. He wanted to find a golden map more than anything. One afternoon, Tom walked to the garden. Tom wanted to learn how to make a map. He asked a kind child named Nora for help. "First you must be patient," said Nora.
	// downloaded: false - asked once: true
}
