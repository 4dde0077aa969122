"""Line jobs on a disk."""

import pytest
from conftest_render import lines

from pipeline.errors import StoreError
from pipeline.render.job_spool import JobSpool, spool_jobs


def test_jobs_come_back_as_they_were_in_any_order(tmp_path):
    jobs = lines("tone@1", 20)
    spool = JobSpool(tmp_path / "jobs")
    spool.add(spool_jobs(tmp_path / "jobs", jobs[:5]))
    spool.add(spool_jobs(tmp_path / "jobs", jobs[5:]))
    assert [spool[job.key] for job in reversed(jobs)] == jobs[::-1]
    assert list(spool) == [job.key for job in jobs] and len(spool) == 20


def test_a_spool_that_was_cut_off_is_an_error_of_the_disk(tmp_path):
    path = tmp_path / "jobs"
    jobs = lines("tone@1", 2)
    spool = JobSpool(path)
    spool.add(spool_jobs(path, jobs))
    path.write_bytes(path.read_bytes()[:-20])
    assert spool[jobs[0].key] == jobs[0]
    with pytest.raises(StoreError, match="what is to be rendered"):
        spool[jobs[1].key]
