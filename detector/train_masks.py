"""Train the network for masks: the program of a SageMaker training job, or by hand.

    python train_masks.py --train FOLDER --validation FOLDER --classes '["road", "sky"]' --model-dir model

As train.py, whose options it takes. Such a folder holds images, masks and one augmented manifest, in which an
attribute that ends with ``-ref`` names the mask of each image.
"""

from segmentation import SEGMENTATION
from train import fail_clearly, main

if __name__ == "__main__":
    fail_clearly(lambda: main(task=SEGMENTATION))
