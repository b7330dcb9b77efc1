namespace Pipelines.Models.Making;

/// <summary>A tensor to make up: its values are independent and uniform around <paramref name="Mean"/>.</summary>
/// <param name="Name">Name in the checkpoint.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="Mean">Mean of the values.</param>
/// <param name="Deviation">Their standard deviation.</param>
public sealed record PlannedTensor(string Name, long[] Shape, double Mean, double Deviation)
{
    /// <summary>Number of values.</summary>
    public long Count { get; } = Shape.Aggregate(1L, (n, s) => n * s);

    /// <summary>
    /// A weight whose product with inputs of variance 1 has the standard deviation <paramref name="gain"/>: embeddings
    /// (read as unembedding), convolutions and linear layers.
    /// </summary>
    /// <param name="name">Name.</param>
    /// <param name="gain">Standard deviation of the outputs.</param>
    /// <param name="shape">[outputs, inputs, …].</param>
    public static PlannedTensor Weight(string name, double gain, params long[] shape) =>
        new(name, shape, 0, gain / Math.Sqrt(shape[1..].Aggregate(1L, (n, s) => n * s)));

    /// <summary>
    /// A linear layer: <c>name.weight</c> [outputs, inputs] and, with a bias, <c>name.bias</c> [outputs].
    /// </summary>
    public static IEnumerable<PlannedTensor> Linear(
        string name,
        long outputs,
        long inputs,
        bool bias,
        double gain = 1
    ) =>
        bias
            ? [Weight($"{name}.weight", gain, outputs, inputs), Small($"{name}.bias", outputs)]
            : [Weight($"{name}.weight", gain, outputs, inputs)];

    /// <summary>A LayerNorm: <c>name.weight</c> near 1 and <c>name.bias</c> near 0.</summary>
    public static IEnumerable<PlannedTensor> LayerNorm(string name, long features) =>
        [NearOne($"{name}.weight", features), Small($"{name}.bias", features)];

    /// <summary>The scale of a norm.</summary>
    public static PlannedTensor NearOne(string name, long features) => new(name, [features], 1, 0.05);

    /// <summary>Biases: present, but without much say.</summary>
    public static PlannedTensor Small(string name, long features) => new(name, [features], 0, 0.05);

    /// <summary>
    /// Values with variance 1 or another, whatever the shape: vectors and positions that are added to activations.
    /// </summary>
    public static PlannedTensor Spread(string name, double deviation, params long[] shape) =>
        new(name, shape, 0, deviation);
}
