"""From texts to unit vectors: the encoders, the choice of the fastest good way on this machine, and the embed stage.

`encoders` is the door. Importing this package loads neither torch nor Spark; a model is loaded when an encoder is opened.
"""

from outfit_pairing.embedding.encoders import Encoder, EncoderSpec, choose_spec, encoder_name, load_encoder, open_encoder

__all__ = ["Encoder", "EncoderSpec", "choose_spec", "encoder_name", "load_encoder", "open_encoder"]
