using TorchSharp;

namespace Pipelines.Models.Tensors;

/// <summary>
/// Rotary position embedding with rotate-half pairing: dimension i turns together with i + d/2 by the angle position *
/// theta^(-2i/d). Positions are explicit, so that a suffix, a picture's grid (two axes, the Qwen towers) and M-RoPE
/// (three axes) are data. Immutable; the tables belong to the caller's dispose scope unless detached.
/// </summary>
/// <param name="Cos">[T, d] float32 (float64 for float64 models), both halves equal.</param>
/// <param name="Sin">[T, d] likewise.</param>
public sealed record Rotary(torch.Tensor Cos, torch.Tensor Sin) : IDisposable
{
    /// <summary>Tables for one axis of positions.</summary>
    /// <param name="positions">[T], any numeric type.</param>
    /// <param name="headDim">d, even.</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="type">Type of the tables; angles are computed in float32 as the checkpoints' own code does, in
    /// float64 for float64.</param>
    /// <param name="divisor">What the frequencies are divided by (linear scaling).</param>
    /// <param name="scaling">Llama 3.1's scaling, which divides slow frequencies; null = none.</param>
    public static Rotary Of(
        torch.Tensor positions,
        long headDim,
        double theta,
        torch.ScalarType type = torch.ScalarType.Float32,
        double divisor = 1,
        Llama3Scaling? scaling = null
    )
    {
        using var scope = torch.NewDisposeScope();
        torch.ScalarType wide = AngleType(type);
        torch.Tensor frequencies = Frequencies(headDim, theta, divisor, wide, positions.device, scaling); // [d/2]
        return Detached(positions.to(wide).unsqueeze(1) * frequencies, type, scope);
    }

    /// <summary>
    /// Tables for several axes of positions (M-RoPE): of the d/2 frequencies each takes its position from one axis. In
    /// chunks (Qwen2-VL) they are cut into contiguous sections, section s of axis s. Interleaved (Qwen3-VL) frequency j
    /// is of axis j mod 3 below three times that axis's section, and else of the first axis.
    /// </summary>
    /// <param name="positions">[axes, T].</param>
    /// <param name="sections">Frequencies an axis, summing to d/2: Qwen2-VL's [16, 24, 24].</param>
    /// <param name="headDim">d.</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="type">Type of the tables.</param>
    /// <param name="divisor">What the frequencies are divided by (linear scaling).</param>
    /// <param name="interleaved">Not in chunks.</param>
    public static Rotary OfSections(
        torch.Tensor positions,
        IReadOnlyList<int> sections,
        long headDim,
        double theta,
        torch.ScalarType type = torch.ScalarType.Float32,
        double divisor = 1,
        bool interleaved = false
    )
    {
        if (sections.Sum() * 2 != headDim || sections.Count != positions.shape[0])
        {
            throw new ArgumentException(
                $"sections [{string.Join(", ", sections)}] do not fit {positions.shape[0]} axes and head "
                    + $"size {headDim}",
                nameof(sections)
            );
        }

        using var scope = torch.NewDisposeScope();
        if (interleaved)
        {
            long[] axes = [.. Enumerable.Range(0, (int)headDim / 2).Select(j => Axis(j, sections))];
            return Detached(InterleavedAngles(positions, axes, headDim, theta, divisor, type), type, scope);
        }

        return Detached(
            Angles(positions, [.. sections.Select(s => (long)s)], headDim, theta, divisor, type),
            type,
            scope
        );
    }

    /// <summary>
    /// Tables for a picture's grid (the Qwen towers): d/4 frequencies turn with the row, the same d/4 frequencies with
    /// the column.
    /// </summary>
    /// <param name="rows">[T].</param>
    /// <param name="columns">[T].</param>
    /// <param name="headDim">d, a multiple of 4.</param>
    /// <param name="theta">Base of the frequencies.</param>
    /// <param name="type">Type of the tables.</param>
    public static Rotary OfGrid(
        torch.Tensor rows,
        torch.Tensor columns,
        long headDim,
        double theta,
        torch.ScalarType type = torch.ScalarType.Float32
    )
    {
        using var scope = torch.NewDisposeScope();
        torch.ScalarType wide = AngleType(type);
        torch.Tensor frequencies = Frequencies(headDim / 2, theta, 1, wide, rows.device); // [d/4]
        torch.Tensor byRow = rows.to(wide).unsqueeze(1) * frequencies; // [T, d/4]
        torch.Tensor byColumn = columns.to(wide).unsqueeze(1) * frequencies;
        return Detached(torch.cat([byRow, byColumn], 1), type, scope);
    }

    /// <summary>Number of positions T.</summary>
    public long Length => Cos.shape[0];

    /// <summary>Turns queries or keys: x cos + rotate_half(x) sin.</summary>
    /// <param name="x">[..., T, d].</param>
    /// <returns>[..., T, d], same type.</returns>
    public torch.Tensor Apply(torch.Tensor x) => Turn(x, 1);

    /// <summary>Turns back: the inverse of <see cref="Apply"/>.</summary>
    /// <param name="x">[..., T, d].</param>
    /// <returns>[..., T, d], same type.</returns>
    public torch.Tensor Invert(torch.Tensor x) => Turn(x, -1);

    /// <summary>The tables of a run of positions, as views.</summary>
    public Rotary Slice(long start, long length) => new(Cos.narrow(0, start, length), Sin.narrow(0, start, length));

    /// <inheritdoc/>
    public void Dispose()
    {
        Cos.Dispose();
        Sin.Dispose();
    }

    private torch.Tensor Turn(torch.Tensor x, int direction)
    {
        using var scope = torch.NewDisposeScope();
        long half = x.shape[^1] / 2;
        torch.Tensor rotated = torch.cat([x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)], -1);
        torch.Tensor cos = Cos.dtype == x.dtype ? Cos : Cos.to(x.dtype);
        torch.Tensor sin = Sin.dtype == x.dtype ? Sin : Sin.to(x.dtype);
        return x.mul(cos).addcmul(rotated, sin, Scalars.Of(direction)).MoveToOuterDisposeScope();
    }

    private static torch.ScalarType AngleType(torch.ScalarType type) =>
        type == torch.ScalarType.Float64 ? type : torch.ScalarType.Float32;

    private static torch.Tensor Frequencies(
        long dimensions,
        double theta,
        double divisor,
        torch.ScalarType wide,
        torch.Device device,
        Llama3Scaling? scaling = null
    )
    {
        // exact powers, rounded once: theta^(-2i/d), over the divisor
        double[] values =
        [
            .. Enumerable
                .Range(0, (int)dimensions / 2)
                .Select(i => Math.Pow(theta, -2.0 * i / dimensions) / divisor)
                .Select(f => scaling?.Of(f) ?? f),
        ];
        return torch.tensor(values, dtype: wide, device: device);
    }

    private static long Axis(int frequency, IReadOnlyList<int> sections)
    {
        int axis = frequency % sections.Count;
        return frequency < sections.Count * sections[axis] ? axis : 0;
    }

    /// <summary>Angles whose frequency j belongs to <c>axes[j]</c>.</summary>
    /// <returns>[T, d/2].</returns>
    private static torch.Tensor InterleavedAngles(
        torch.Tensor positions,
        long[] axes,
        long headDim,
        double theta,
        double divisor,
        torch.ScalarType type
    )
    {
        torch.ScalarType wide = AngleType(type);
        torch.Tensor frequencies = Frequencies(headDim, theta, divisor, wide, positions.device); // [d/2]
        torch.Tensor index = torch.tensor(axes, dtype: torch.ScalarType.Int64, device: positions.device);
        return positions.to(wide).Taken(0, index).transpose(0, 1) * frequencies;
    }

    private static torch.Tensor Angles(
        torch.Tensor positions,
        long[] sections,
        long headDim,
        double theta,
        double divisor,
        torch.ScalarType type
    )
    {
        torch.ScalarType wide = AngleType(type);
        torch.Tensor frequencies = Frequencies(headDim, theta, divisor, wide, positions.device); // [d/2]
        var parts = new List<torch.Tensor>();
        long at = 0;
        for (int axis = 0; axis < sections.Length; axis++)
        {
            // [T, section]
            parts.Add(positions[axis].to(wide).unsqueeze(1) * frequencies.narrow(0, at, sections[axis]));
            at += sections[axis];
        }

        return torch.cat(parts, 1); // [T, d/2]
    }

    private static Rotary Detached(torch.Tensor angles, torch.ScalarType type, DisposeScope scope)
    {
        torch.Tensor both = torch.cat([angles, angles], -1); // [T, d]
        var tables = new Rotary(both.cos().to(type), both.sin().to(type));
        scope.MoveToOuter(tables.Cos, tables.Sin);
        return tables;
    }
}
