using Pipelines.Domain.Errors;
using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// A checkpoint seen from a name prefix. A model claims its tensors by name and shape; <see cref="RequireAllClaimed"/>
/// then demands that nothing is left over, so a silent mismatch cannot happen. Claimed tensors and layers live until
/// the root view is disposed; the checkpoint must outlive them.
/// </summary>
public sealed class Weights : IDisposable
{
    private readonly Checkpoint checkpoint;
    private readonly string prefix;
    private readonly Ledger ledger;

    private Weights(Checkpoint checkpoint, Arithmetic arithmetic, string prefix, Ledger ledger)
    {
        this.checkpoint = checkpoint;
        Arithmetic = arithmetic;
        this.prefix = prefix;
        this.ledger = ledger;
    }

    /// <summary>The model folder.</summary>
    public string Folder => checkpoint.Folder;

    /// <summary>Where and in which type the claimed tensors are.</summary>
    public Arithmetic Arithmetic { get; }

    /// <summary>
    /// Bytes of the copies that claims have made, and of the linear layers: what has to stay in memory.
    /// </summary>
    public long HeldBytes => ledger.HeldBytes;

    /// <summary>The whole checkpoint.</summary>
    /// <param name="checkpoint">Its tensors.</param>
    /// <param name="arithmetic">Where and in which type claimed tensors are.</param>
    public static Weights Of(Checkpoint checkpoint, Arithmetic arithmetic) =>
        new(checkpoint, arithmetic, "", new Ledger());

    /// <summary>
    /// The tensors below a name: <c>Sub("language_model.model.layers.0")</c>. Disposing a sub-view disposes the whole;
    /// only the root's owner should.
    /// </summary>
    public Weights Sub(string name) => new(checkpoint, Arithmetic, prefix + name + ".", ledger);

    /// <summary>Whether a tensor is there; claims nothing.</summary>
    public bool Has(string name) => checkpoint.Tensors.ContainsKey(prefix + name);

    /// <summary>A copy of a tensor in the compute type on the device: norms, embeddings, biases.</summary>
    /// <param name="name">Name below the prefix.</param>
    /// <param name="shape">Sizes it must have; -1 = any.</param>
    /// <exception cref="InputException">Missing, or of another shape.</exception>
    public torch.Tensor Claim(string name, params long[] shape)
    {
        using torch.Tensor stored = Take(name, shape);
        torch.Tensor copy = stored.to(Arithmetic.Compute, Arithmetic.Device, copy: true);
        ledger.HeldBytes += copy.numel() * copy.element_size();
        return ledger.Own(copy);
    }

    /// <summary>
    /// 1 + a tensor, on the device, in float32 at least: bfloat16 could not hold the sum. Norms of Gemma.
    /// </summary>
    /// <inheritdoc cref="Claim"/>
    public torch.Tensor ClaimPlusOne(string name, params long[] shape)
    {
        using torch.Tensor stored = Take(name, shape);
        using torch.Tensor wide = stored.to(
            Arithmetic.Compute == torch.ScalarType.Float64 ? Arithmetic.Compute : torch.ScalarType.Float32,
            Arithmetic.Device,
            copy: true
        );
        torch.Tensor sum = wide.add(Scalars.One, Scalars.One);
        ledger.HeldBytes += sum.numel() * sum.element_size();
        return ledger.Own(sum);
    }

    /// <summary>
    /// A tensor as stored, on the CPU, on the mapped memory: nothing is copied, and it must not be written to.
    /// </summary>
    /// <param name="name">Name below the prefix.</param>
    /// <param name="shape">Sizes it must have; -1 = any.</param>
    /// <exception cref="InputException">Missing, or of another shape.</exception>
    public torch.Tensor ClaimStored(string name, params long[] shape) => ledger.Own(Take(name, shape));

    /// <summary>
    /// The linear layer <c>name.weight</c>, and <c>name.bias</c>, by the implementation that the arithmetic names.
    /// </summary>
    /// <param name="name">Name below the prefix, without ".weight".</param>
    /// <param name="outFeatures">Rows of the weight.</param>
    /// <param name="inFeatures">Columns of the weight.</param>
    /// <param name="bias">Whether the layer has a bias.</param>
    /// <exception cref="InputException">Missing, or of another shape.</exception>
    public ILinear Linear(string name, long outFeatures, long inFeatures, bool bias)
    {
        using torch.Tensor weight = Take(name + ".weight", [outFeatures, inFeatures]);
        using torch.Tensor? shift = bias ? Take(name + ".bias", [outFeatures]) : null;
        checkpoint.ReadAhead(prefix + name + ".weight");
        ILinear layer = LinearOf(weight, shift);
        if (
            Arithmetic.Linear == LinearChoice.Packed
            || Arithmetic.Device.type == DeviceType.CUDA
            || weight.dtype != Arithmetic.Compute
        )
        {
            checkpoint.Release(prefix + name + ".weight"); // the layer holds a copy
        }

        return layer;
    }

    /// <summary>A linear layer of weights that a family had to re-arrange first.</summary>
    /// <param name="weight">[out, in], on the CPU, stored type; stays the caller's.</param>
    /// <param name="bias">[out] likewise, or null.</param>
    public ILinear LinearOf(torch.Tensor weight, torch.Tensor? bias)
    {
        ledger.HeldBytes +=
            weight.numel()
            * (Arithmetic.Linear == LinearChoice.Packed ? Math.Min(weight.element_size(), 4) : SizeOfCompute);
        return Arithmetic.Linear switch
        {
            LinearChoice.Packed => ledger.Own(new PackedLinear(weight, bias)),
            _ => ledger.Own(new TorchLinear(OnDevice(weight), bias is null ? null : OnDevice(bias))),
        };
    }

    /// <summary>
    /// Takes a tensor's mapped pages out of memory, where layers hold copies of it; who reads it again gets them back.
    /// </summary>
    /// <param name="name">Name below the prefix.</param>
    public void Release(string name) => checkpoint.Release(prefix + name);

    /// <summary>Demands that every tensor of the checkpoint was claimed, or is known to be of no use.</summary>
    /// <param name="allowedUnusedPrefixes">Full names or beginnings of names that a checkpoint of this family may hold
    /// without need.</param>
    /// <exception cref="InputException">Something was left over: the checkpoint is not of this
    /// architecture.</exception>
    public void RequireAllClaimed(params string[] allowedUnusedPrefixes) =>
        checkpoint.RequireNothingBut(ledger.Claimed, allowedUnusedPrefixes);

    /// <summary>Frees the claimed tensors and layers.</summary>
    public void Dispose() => ledger.Dispose();

    private int SizeOfCompute =>
        Arithmetic.Compute switch
        {
            torch.ScalarType.Float64 => 8,
            torch.ScalarType.Float32 => 4,
            _ => 2,
        };

    private torch.Tensor Take(string name, long[] shape)
    {
        string full = prefix + name;
        checkpoint.Require(full, shape);
        ledger.Claimed.Add(full);
        return checkpoint.Mapped(full);
    }

    private torch.Tensor OnDevice(torch.Tensor stored) =>
        stored.to(Arithmetic.Compute, Arithmetic.Device) is var moved && ReferenceEquals(moved, stored)
            ? stored.alias()
            : moved;

    /// <summary>What all views of a checkpoint share: claims, and what they own.</summary>
    private sealed class Ledger : IDisposable
    {
        private readonly List<IDisposable> owned = [];

        public long HeldBytes { get; set; }

        public HashSet<string> Claimed { get; } = new(StringComparer.Ordinal);

        public torch.Tensor Own(torch.Tensor tensor) => Own<torch.Tensor>(tensor.DetachFromDisposeScope());

        public T Own<T>(T thing)
            where T : IDisposable
        {
            owned.Add(thing);
            return thing;
        }

        public void Dispose()
        {
            foreach (IDisposable thing in owned)
            {
                thing.Dispose();
            }

            owned.Clear();
        }
    }
}
