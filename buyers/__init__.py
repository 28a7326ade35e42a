"""The buyers' side: who they are (registry), what they ask (requests), and the one desk where both meet."""
