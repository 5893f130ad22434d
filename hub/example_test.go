package hub_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/hub"
	"github.com/gocoreml/coreml/hub/hubtest"
)

// startExample stands a hub on the loopback interface in place of the real one, and
// makes a client of it with a cache of its own.
func startExample() (c *hub.Client, stop func(), err error) {
	server, err := hubtest.Start(hubtest.Repo{ID: "org/stories", Files: hubtest.FS{
		"config.json": hubtest.Text(`{"model_type":"toy"}`),
		"README.md":   hubtest.Text("# Stories\n"),
		"Stories.mlpackage/Data/com.apple.CoreML/weights/weight.bin": hubtest.Pattern{Size: 1 << 20},
	}})
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "hub")
	if err != nil {
		server.Close()
		return nil, nil, err
	}
	stop = func() {
		server.Close()
		_ = os.RemoveAll(dir) // a temporary folder
	}
	return &hub.Client{Endpoint: server.URL(), CacheDir: dir, NoToken: true, Network: hub.NetworkOnline}, stop, nil
}

func ExampleClient_Snapshot() {
	client, stop, err := startExample()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	snap, err := client.Snapshot(context.Background(), hub.Repo{ID: "org/stories"}, &hub.SnapshotOptions{
		Allow: []string{"*.json", "Stories.mlpackage/"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range snap.Files {
		fmt.Println(f.Path, f.Size)
	}
	// Output:
	// Stories.mlpackage/Data/com.apple.CoreML/weights/weight.bin 1048576
	// config.json 20
}

func ExampleClient_Download() {
	client, stop, err := startExample()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	path, err := client.Download(context.Background(), hub.Repo{ID: "org/stories"}, "config.json", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	content, err := os.ReadFile(path)
	fmt.Println(filepath.Base(path), string(content), err)

	_, err = client.Download(context.Background(), hub.Repo{ID: "org/stories"}, "none.json", nil)
	fmt.Println(errors.Is(err, hub.ErrEntryNotFound))
	// Output:
	// config.json {"model_type":"toy"} <nil>
	// true
}

func ExampleClient_Files() {
	client, stop, err := startExample()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	for f, err := range client.Files(context.Background(), hub.Repo{ID: "org/stories"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(f.Path, f.Size, f.LFS != nil)
	}
	// Unordered output:
	// README.md 10 false
	// Stories.mlpackage/Data/com.apple.CoreML/weights/weight.bin 1048576 true
	// config.json 20 false
}

func ExampleParseRepo() {
	for _, name := range []string{"org/stories@v1.0", "datasets/org/tales@refs/pr/1", "org/../etc"} {
		repo, err := hub.ParseRepo(name)
		if err != nil {
			fmt.Println(errors.Is(err, hub.ErrUnsafeName))
			continue
		}
		fmt.Println(repo.Type, repo.ID, repo.Revision)
	}
	// Output:
	// model org/stories v1.0
	// dataset org/tales refs/pr/1
	// true
}
