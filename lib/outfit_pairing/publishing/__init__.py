"""What leaves the chain: the unified table of outfits, the pairs view, JSON files, and what people look at.

`stage.run` publishes; `explain` shows one product's outfits in the terminal; `lookbook` writes a page for the browser.
"""
