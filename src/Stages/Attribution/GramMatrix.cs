namespace Pipelines.Stages.Attribution;

/// <summary>
/// Xc'Xc of a design of zeros and ones, Xc = X - column means (or X itself without intercept). Counts are exact
/// integers (AND and popcount), so the matrix does not depend on threads or order. With shared masks one matrix serves
/// the fits of all samples.
/// </summary>
internal sealed class GramMatrix
{
    private readonly double[] values; // [N, N]

    private GramMatrix(MaskColumns columns, bool centred, double[] values)
    {
        Columns = columns;
        Centred = centred;
        this.values = values;
    }

    /// <summary>The design.</summary>
    public MaskColumns Columns { get; }

    /// <summary>Column means are subtracted.</summary>
    public bool Centred { get; }

    /// <summary>Row j, [N].</summary>
    public ReadOnlySpan<double> Row(int j) => values.AsSpan(j * Columns.Columns, Columns.Columns);

    /// <summary>||x_j||^2.</summary>
    public double Diagonal(int j) => values[(j * Columns.Columns) + j];

    /// <summary>Mean of column j; 0 where columns are not centred.</summary>
    public double Mean(int j) => Centred ? (double)Columns.Ones[j] / Columns.Rows : 0;

    /// <summary>Computes the matrix.</summary>
    /// <param name="columns">The design, at least one row.</param>
    /// <param name="centred">Subtract column means.</param>
    /// <param name="threads">Threads used; the result does not depend on it.</param>
    public static GramMatrix Of(MaskColumns columns, bool centred = true, int threads = 1)
    {
        int n = columns.Rows,
            count = columns.Columns;
        // Every place is written: zeros would be 8 MB of them at N = 1024.
        double[] values = GC.AllocateUninitializedArray<double>(checked(count * count));

        void FillPanel(int panel)
        {
            int first = panel * MaskColumns.PanelColumns,
                end = Math.Min(first + MaskColumns.PanelColumns, count);
            Span<ulong> both = stackalloc ulong[MaskColumns.PanelColumns];
            for (int i = 0; i < end; i++)
            {
                var (other, lane) = Math.DivRem(i, MaskColumns.PanelColumns);
                PairCounts.Best(columns.Panel(panel), columns.Panel(other), lane, both);
                for (int j = first; j < end; j++)
                {
                    // sum (x_i - m_i)(x_j - m_j) = x_i.x_j - n m_i m_j
                    double product = both[j - first] - (centred ? (double)columns.Ones[i] * columns.Ones[j] / n : 0);
                    values[(i * count) + j] = product;
                    values[(j * count) + i] = product;
                }
            }
        }

        if (threads == 1)
        {
            for (int panel = 0; panel < columns.Panels; panel++)
            {
                FillPanel(panel);
            }
        }
        else
        {
            Parallel.For(0, columns.Panels, new ParallelOptions { MaxDegreeOfParallelism = threads }, FillPanel);
        }

        return new GramMatrix(columns, centred, values);
    }
}
