"""TRL's SFTTrainer on the same snippets, as a contender of `bench train`. Runs in a contender's process only.

What is set away from TRL's defaults is in SETTINGS, each with its reason; the rest is TRL's and PEFT's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seal_lsp.cli.bench_train_child import Inputs

_EPOCHS = 10_000
SETTINGS = {
    "use_cpu": (True, "the machine"),
    "num_train_epochs": (
        _EPOCHS,
        "it goes on until the score or the cap; its rate hardly falls, to its good",
    ),
    "save_strategy": ("no", "nothing is written while it trains, to its good"),
    "report_to": ("none", "no tracker"),
    "disable_tqdm": (True, "quiet"),
    "logging_strategy": ("no", "quiet"),
}
"""For every contender that is TRL's: (value, why)."""

CONTENDERS = ("trl-ours", "trl-defaults", "trl-defaults-2e-4")


def arguments_of(name: str, inputs: Inputs, layers: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """(of SFTConfig, of LoraConfig) beyond their defaults. trl-defaults-2e-4: the rate that TRL's guide gives LoRA."""
    common = {key: value for key, (value, _) in SETTINGS.items()} | {"seed": inputs.recipe["seed"]}
    if name == "trl-defaults":
        return common, {"task_type": "CAUSAL_LM"}
    if name == "trl-defaults-2e-4":
        return common | {"learning_rate": 2e-4}, {"task_type": "CAUSAL_LM"}
    recipe = inputs.the_recipe()
    trainer = {
        "learning_rate": recipe.learning_rate,
        "adam_beta2": 0.99,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.clip,
        "packing": True,
        "packing_strategy": "wrapped",
        "max_length": recipe.sequence,
        "per_device_train_batch_size": max(1, round(recipe.step_tokens / recipe.sequence)),
        "gradient_checkpointing": False,
        "bf16": False,
    }
    lora = {
        "task_type": "CAUSAL_LM",
        "r": recipe.rank,
        "lora_alpha": recipe.alpha,
        "target_modules": list(recipe.targets),
        **({"layers_to_transform": list(range(recipe.lowest_layer, layers))} if recipe.lowest_layer else {}),
    }
    return common | trainer, lora


def train(inputs: Inputs, folder: Path, name: str) -> dict:
    """Until the target, or the cap on seconds."""
    from datasets import Dataset
    from datasets.utils.logging import disable_progress_bar
    from peft import LoraConfig
    from torch.optim.lr_scheduler import LambdaLR
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from seal_lsp.cli.bench_train_child import Stopwatch, open_base, probe_score
    from seal_lsp.train.loop import schedule

    disable_progress_bar()
    model = open_base(inputs, training=name == "trl-ours")
    cases, recipe = inputs.cases(), inputs.the_recipe()
    watch = Stopwatch(lambda: probe_score(model, cases), inputs.every)
    ended = "stopped by TRL"

    class Trainer(SFTTrainer):
        """Counts tokens; with our hyperparameters it has our schedule, which stays at its end."""

        seen = 0

        def training_step(self, network, batch, *rest, **named):
            self.seen += int(batch["attention_mask"].sum()) if "attention_mask" in batch else batch["input_ids"].numel()
            return super().training_step(network, batch, *rest, **named)

        def create_scheduler(self, num_training_steps, optimizer=None):
            if name != "trl-ours":
                return super().create_scheduler(num_training_steps, optimizer)
            self.lr_scheduler = LambdaLR(
                optimizer or self.optimizer,
                lambda step: schedule(min(step, inputs.steps - 1), inputs.steps, recipe.warmup),
            )
            return self.lr_scheduler

    class Stop(TrainerCallback):
        def on_train_begin(self, *_, **__):
            watch.start()

        def on_step_end(self, _arguments, _state, control, **_):
            nonlocal ended
            tokens, trainer.seen = trainer.seen, 0
            over = watch.seconds > inputs.cap_s
            score = watch.step(tokens, last=over)
            if score is not None and score <= inputs.target:
                ended = "reached the score"
            elif over:
                ended = "reached the cap"
            control.should_training_stop = ended.startswith("reached")
            return control

    configured, lora = arguments_of(name, inputs, model.network.config.num_hidden_layers)
    config = SFTConfig(output_dir=str(folder / "trl"), **configured)
    data = Dataset.from_list([{"prompt": one["prompt"], "completion": one["completion"]} for one in inputs.snippets])
    trainer = Trainer(
        model=model.network,
        args=config,
        train_dataset=data,
        processing_class=model.tokenizer,
        peft_config=LoraConfig(**lora),
        callbacks=[Stop()],
    )
    model.network.train()
    trainer.train()
    shown = ("learning_rate", "per_device_train_batch_size", "bf16", "gradient_checkpointing", "packing", "max_length")
    settings = {key: getattr(config, key) for key in shown} | {"lora": lora}
    return watch.record(ended=ended, settings=settings)
