raise ImportError("never to be imported")
