using Microsoft.ML;
using Microsoft.ML.Data;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// Masks and logits as ML.NET sees them, streamed from the part files at every pass: <c>Features</c> (vector of N
/// floats, 0 or 1), <c>Label</c> (phi as float, what ML.NET's own trainers and evaluators take), <c>Phi</c> (phi as
/// double) and <c>MaskIndex</c>. Rows come in file order.
/// </summary>
internal sealed class MaskDataView : IDataView
{
    /// <summary>Name of the mask column.</summary>
    public const string Features = "Features";

    /// <summary>Name of the float phi column.</summary>
    public const string Label = "Label";

    /// <summary>Name of the double phi column.</summary>
    public const string Phi = "Phi";

    /// <summary>Name of the mask index column.</summary>
    public const string MaskIndex = "MaskIndex";

    /// <summary>Eight floats for every value of a byte.</summary>
    private static readonly float[] Bits =
    [
        .. Enumerable.Range(0, 256 * 8).Select(i => (float)((i >> 3) >> (i & 7) & 1)),
    ];

    private readonly int heads;
    private readonly long count;
    private readonly Func<IEnumerable<Observation>> observations;

    private MaskDataView(int heads, long count, Func<IEnumerable<Observation>> observations)
    {
        (this.heads, this.count, this.observations) = (heads, count, observations);
        var schema = new DataViewSchema.Builder();
        schema.AddColumn(Features, new VectorDataViewType(NumberDataViewType.Single, heads));
        schema.AddColumn(Label, NumberDataViewType.Single);
        schema.AddColumn(Phi, NumberDataViewType.Double);
        schema.AddColumn(MaskIndex, NumberDataViewType.Int32);
        Schema = schema.ToSchema();
    }

    /// <inheritdoc/>
    public DataViewSchema Schema { get; }

    /// <inheritdoc/>
    public bool CanShuffle => false;

    /// <summary>All observations.</summary>
    public static MaskDataView All(MaskDataset data) => new(data.Heads, data.Rows, data.Observations);

    /// <summary>Observations held in memory.</summary>
    /// <param name="observations">In file order.</param>
    /// <param name="heads">N.</param>
    public static MaskDataView Of(IReadOnlyCollection<Observation> observations, int heads) =>
        new(heads, observations.Count, () => observations);

    /// <summary>The observations that train.</summary>
    /// <param name="data">All observations.</param>
    /// <param name="split">Which of them.</param>
    /// <param name="target">What stands in for phi (a residual); null = phi.</param>
    public static MaskDataView Train(MaskDataset data, TrainTestSplit split, Func<Observation, double>? target = null)
    {
        IEnumerable<Observation> Rows() => data.Observations().Where((_, row) => split.Trains(row));
        return new(
            data.Heads,
            split.TrainRows,
            target is null ? Rows : () => Rows().Select(o => o with { Phi = target(o) })
        );
    }

    /// <summary>The observations held out.</summary>
    public static MaskDataView Test(MaskDataset data, TrainTestSplit split) =>
        new(data.Heads, split.TestRows, () => data.Observations().Where((_, row) => !split.Trains(row)));

    /// <summary>The observations of this view, streamed.</summary>
    public IEnumerable<Observation> Observations() => observations();

    /// <inheritdoc/>
    public long? GetRowCount() => count;

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(this, [.. columnsNeeded.Select(c => c.Index)]);

    /// <inheritdoc/>
    public DataViewRowCursor[] GetRowCursorSet(
        IEnumerable<DataViewSchema.Column> columnsNeeded,
        int n,
        Random? rand = null
    ) => [GetRowCursor(columnsNeeded, rand)];

    private static void Expand(ReadOnlySpan<byte> mask, Span<float> features)
    {
        int whole = features.Length / 8;
        for (int b = 0; b < whole; b++)
        {
            Bits.AsSpan(mask[b] * 8, 8).CopyTo(features[(b * 8)..]);
        }

        if (features.Length % 8 is > 0 and var rest)
        {
            Bits.AsSpan(mask[whole] * 8, rest).CopyTo(features[(whole * 8)..]);
        }
    }

    private sealed class Cursor(MaskDataView view, HashSet<int> active) : DataViewRowCursor
    {
        private readonly IEnumerator<Observation> observations = view.Observations().GetEnumerator();
        private long position = -1;

        public override long Position => position;

        public override long Batch => 0;

        public override DataViewSchema Schema => view.Schema;

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);

        public override bool MoveNext()
        {
            bool more = observations.MoveNext();
            position = more ? position + 1 : -1;
            return more;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() =>
            (ref DataViewRowId id) => id = new DataViewRowId((ulong)position, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Delegate getter = column.Name switch
            {
                Features => (ValueGetter<VBuffer<float>>)GetFeatures,
                Label => (ValueGetter<float>)((ref float value) => value = (float)observations.Current.Phi),
                Phi => (ValueGetter<double>)((ref double value) => value = observations.Current.Phi),
                MaskIndex => (ValueGetter<int>)((ref int value) => value = observations.Current.MaskIndex),
                _ => throw new ArgumentOutOfRangeException(nameof(column), column.Name, "no such column"),
            };
            return getter as ValueGetter<TValue>
                ?? throw new InvalidOperationException(
                    $"Column '{column.Name}' holds {column.Type}, not {typeof(TValue)}."
                );
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                observations.Dispose();
            }

            base.Dispose(disposing);
        }

        private void GetFeatures(ref VBuffer<float> value)
        {
            var editor = VBufferEditor.Create(ref value, view.heads);
            Expand(observations.Current.Heads, editor.Values);
            value = editor.Commit();
        }
    }
}
