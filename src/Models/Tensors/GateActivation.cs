namespace Pipelines.Models.Tensors;

/// <summary>The nonlinearity on the gate of a decoder's MLP.</summary>
public enum GateActivation
{
    /// <summary>x * sigmoid(x): SwiGLU.</summary>
    Silu,

    /// <summary>gelu_pytorch_tanh: GeGLU.</summary>
    GeluTanh,
}
