"""Writes small weights files of every kind that the readers know, and expected.json: what they hold.

usage: make_files.py FOLDER            (needs torch and numpy)
       make_files.py --convert IN.safetensors OUT.pth
"""
import argparse
import collections
import json
import os
import sys

import numpy as np
import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(3, 2)
        self.norm = torch.nn.BatchNorm1d(2)

    def forward(self, x):
        return self.norm(self.fc(x))


class Evil:
    def __reduce__(self):
        return os.system, ("touch " + os.path.join(sys.argv[1], "pwned"),)


def net():
    model = Net()
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.copy_(torch.arange(p.numel()).view(p.shape) * 0.25 + i)
    return model


W, M, D = 8, 16, 2  # width, hidden width, depth; one head


def vit():
    """A Vision Transformer of 4 pixels and patches of 2 under timm's names."""
    shapes = {"cls_token": (1, 1, W), "pos_embed": (1, 5, W), "patch_embed.proj.weight": (W, 3, 2, 2), "patch_embed.proj.bias": (W,),
              "norm.weight": (W,), "norm.bias": (W,)}
    for i in range(D):
        for name, shape in {"norm1": (W,), "norm2": (W,), "attn.qkv": (3 * W, W), "attn.proj": (W, W), "mlp.fc1": (M, W), "mlp.fc2": (W, M)}.items():
            shapes[f"blocks.{i}.{name}.weight"], shapes[f"blocks.{i}.{name}.bias"] = shape, shape[:1]
    def numbers(k, shape):  # exact in every type and on every machine
        return (torch.arange(float(np.prod(shape))) % 17 - 8 + k / 8).reshape(shape) / 16

    return collections.OrderedDict((name, numbers(k, shape)) for k, (name, shape) in enumerate(shapes.items()))


def hugging_face(timm):
    out = collections.OrderedDict()
    names = {"norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.output.dense", "mlp.fc1": "intermediate.dense", "mlp.fc2": "output.dense"}
    ends = {"cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings", "patch_embed.proj": "embeddings.patch_embeddings.projection", "norm": "layernorm"}
    for name, tensor in timm.items():
        if name.startswith("blocks."):
            _, i, rest = name.split(".", 2)
            part, kind = rest.rsplit(".", 1)
            if part == "attn.qkv":
                for which, third in zip(("query", "key", "value"), tensor.chunk(3)):
                    out[f"vit.encoder.layer.{i}.attention.attention.{which}.{kind}"] = third
            else:
                out[f"vit.encoder.layer.{i}.{names[part]}.{kind}"] = tensor
        else:
            base, dot, kind = (name, "", "") if name in ends else name.rpartition(".")
            out["vit." + ends[base] + dot + kind] = tensor
    return out


def jax(timm):
    t = {name: tensor.numpy() for name, tensor in timm.items()}
    out = {"cls": t["cls_token"], "Transformer/posembed_input/pos_embedding": t["pos_embed"], "embedding/kernel": t["patch_embed.proj.weight"].transpose(2, 3, 1, 0),
           "embedding/bias": t["patch_embed.proj.bias"], "Transformer/encoder_norm/scale": t["norm.weight"], "Transformer/encoder_norm/bias": t["norm.bias"]}
    for i in range(D):
        b, to = f"blocks.{i}.", f"Transformer/encoderblock_{i}/"
        for a, c in (("norm1", "LayerNorm_0"), ("norm2", "LayerNorm_2")):
            out[to + c + "/scale"], out[to + c + "/bias"] = t[b + a + ".weight"], t[b + a + ".bias"]
        attention = to + "MultiHeadDotProductAttention_1/"
        for n, which in enumerate(("query", "key", "value")):
            rows = slice(n * W, n * W + W)
            out[attention + which + "/kernel"] = t[b + "attn.qkv.weight"][rows].T.reshape(W, 1, W)
            out[attention + which + "/bias"] = t[b + "attn.qkv.bias"][rows].reshape(1, W)
        out[attention + "out/kernel"], out[attention + "out/bias"] = t[b + "attn.proj.weight"].T.reshape(1, W, W), t[b + "attn.proj.bias"]
        for n, layer in ((0, "mlp.fc1"), (1, "mlp.fc2")):
            out[to + f"MlpBlock_3/Dense_{n}/kernel"], out[to + f"MlpBlock_3/Dense_{n}/bias"] = t[b + layer + ".weight"].T, t[b + layer + ".bias"]
    return out


def described(tensors):
    out = {}
    for name, t in tensors.items():
        t = torch.as_tensor(t).detach()
        kind = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.int64: "I64",
                torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}[t.dtype]
        raw = t.contiguous().reshape(-1)
        raw = (raw.view(torch.int16) if t.dtype == torch.bfloat16 else raw).numpy().tobytes() if t.numel() else b""
        out[name] = {"dtype": kind, "shape": list(t.shape), "hex": raw.hex()}
    return out


def write_all(folder):
    expected = {}

    def save(file, thing, tensors, **how):
        torch.save(thing, os.path.join(folder, file), **how)
        expected[file] = described(tensors)

    state = net().state_dict()
    save("state_dict.pth", state, state)
    save("stream.pth", state, state, _use_new_zipfile_serialization=False)
    save("protocol4.pth", state, state, pickle_protocol=4)
    save("one.pth", {"only": torch.ones(2, 2)}, {"only": torch.ones(2, 2)})
    wrapped = collections.OrderedDict(("module." + k, v) for k, v in state.items())
    save("training.pth", {"epoch": 3, "state_dict": wrapped, "args": argparse.Namespace(lr=0.1, name="x"),
                          "scores": np.float64(0.5), "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "groups": [1, 2]}}, state)
    parameters = {"w": torch.nn.Parameter(torch.arange(4.0)), "b": torch.nn.Parameter(torch.zeros(1))}
    save("parameters.pth", {"model": parameters}, parameters)
    kinds = {str(t).split(".")[1]: torch.tensor([[1, 0, 3]]).to(t) for t in
             (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)}
    kinds["scalar"] = torch.tensor(7.0)
    kinds["empty"] = torch.empty(0, 3)
    save("types.bin", kinds, kinds)
    base = torch.arange(24.0).view(4, 6)
    views = {"whole": base, "turned": base.t(), "rows": base[1:3], "columns": base[:, 2:4], "every_other": base[::2, ::3], "tied": base}
    save("views.pt", views, views)
    save("views_stream.pt", views, views, _use_new_zipfile_serialization=False)
    save("model.pt", net(), state)
    torch.jit.script(net()).save(os.path.join(folder, "script.pt"))
    expected["script.pt"] = described(state)
    save("evil.pth", {"a": torch.ones(1), "evil": Evil()}, {"a": torch.ones(1)})
    arrays = {"a/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "half": np.ones((2,), np.float16),
              "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)), "scalar": np.array(3.0), "n": np.arange(3)}
    for file, write in (("arrays.npz", np.savez), ("packed.npz", np.savez_compressed)):
        write(os.path.join(folder, file), **arrays)
        expected[file] = described({k: torch.from_numpy(np.ascontiguousarray(v)).reshape(v.shape) for k, v in arrays.items()})
    timm = vit()
    save("vit.pth", {"state_dict": timm}, timm)
    torch.save(hugging_face(timm), os.path.join(folder, "vit_hf.bin"))
    np.savez(os.path.join(folder, "vit.npz"), **jax(timm))
    with open(os.path.join(folder, "expected.json"), "w") as out:
        json.dump(expected, out, indent=0, sort_keys=True)


def convert(source, target):
    with open(source, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    torch.save({name: torch.from_numpy(np.frombuffer(data[slice(*e["data_offsets"])], dtype={"F32": np.float32, "F16": np.float16}[e["dtype"]]).copy()).reshape(e["shape"])
                for name, e in header.items()}, target)


if sys.argv[1] == "--convert":
    convert(*sys.argv[2:])
else:
    write_all(sys.argv[1])
