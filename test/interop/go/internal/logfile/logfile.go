// Package logfile reads files of a log in tlog-tiles layout, from a file:// or http:// URL.
package logfile

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Source is where a log's files are.
type Source struct {
	url *url.URL
}

// New takes the log's prefix, with or without a final slash.
func New(prefix string) (*Source, error) {
	u, err := url.Parse(strings.TrimSuffix(prefix, "/") + "/")
	if err != nil {
		return nil, err
	}
	if u.Scheme != "file" && u.Scheme != "http" {
		return nil, fmt.Errorf("%s: neither file:// nor http://", prefix)
	}
	return &Source{url: u}, nil
}

// Read returns a file's bytes; os.ErrNotExist where there is no such file.
func (s *Source) Read(path string) ([]byte, error) {
	if s.url.Scheme == "file" {
		return os.ReadFile(filepath.Join(s.url.Path, path))
	}
	response, err := http.Get(s.url.JoinPath(path).String())
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return io.ReadAll(response.Body)
	case http.StatusNotFound:
		return nil, fmt.Errorf("%s: %w", path, os.ErrNotExist)
	default:
		return nil, fmt.Errorf("%s: status %d", path, response.StatusCode)
	}
}
